"""Near-duplicates: copies of one picture in any orientation, but for noise, compression or brightness.

`fingerprints` reduces an image to its noise and fine structure, `candidates` proposes pairs by locality-
sensitive hashing, `confirmation` decides by the pixels, and `similar` combines them for a data set.
"""
