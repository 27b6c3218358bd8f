"""imageferry: bring disk images into clouds, as a client and as a light image service."""
