//! Why did it fail? The catalogue of causes.

pub mod catalogue;
