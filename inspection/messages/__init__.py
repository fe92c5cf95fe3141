"""Every schema that crosses a wire, with golden JSON in the tests."""
