//! The regression files: what was seen, normalised, in insta's format.
