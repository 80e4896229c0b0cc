"""Tests of coding_service.metrics."""
