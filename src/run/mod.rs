//! In which order? Plan, pipeline, pool.
