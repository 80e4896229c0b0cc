"""The schema of the store, version by version; run by `coding_service.store.schema`."""
