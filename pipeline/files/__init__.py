"""Files and folders, here or in an object store."""
