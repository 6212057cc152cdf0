//! Writing and reading XML: the five named entities, and documents without DTDs.
