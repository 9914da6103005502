"""Images: sources, file formats, splits, preprocessing, augmentation and loaders."""
