"""Each foreign API on paper: documents, headers, dates; no sockets."""
