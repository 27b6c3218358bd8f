"""The same requests to the real Keystone, Glance and Swift and to us: what differs is decided, or it is a fault."""
