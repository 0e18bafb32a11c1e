"""What turns `docs/` and `snippets/` into a site; importable without MkDocs."""
