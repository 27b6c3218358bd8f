"""Images that are objects: registered, shown, followed when the object changes."""
