"""Target systems as this project ships them: they speak only the topics, so that what runs against them runs against real ones."""
