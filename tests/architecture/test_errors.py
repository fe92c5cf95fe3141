"""Each folder's error tree: drawn at the top, a code and a description for every error."""

import importlib
import inspect
from types import ModuleType

import pytest

TREES = ("inspection", "devices", "models", "link", "kit", "edge", "server", "demo")


def errors(module: ModuleType) -> list[type[Exception]]:
    return [
        found
        for _, found in inspect.getmembers(module, inspect.isclass)
        if issubclass(found, Exception) and found.__module__ == module.__name__
    ]


@pytest.fixture(params=TREES)
def tree(request: pytest.FixtureRequest) -> ModuleType:
    return importlib.import_module(f"{request.param}.errors")


def test_every_folder_has_one_tree_with_one_root(tree: ModuleType) -> None:
    assert len([error for error in errors(tree) if error.__base__ is Exception]) == 1


def test_every_error_is_drawn_described_and_has_a_code_of_its_own(tree: ModuleType) -> None:
    drawn = (tree.__doc__ or "").split()
    for error in errors(tree):
        assert error.__name__ in drawn, f"{error.__name__} is missing in the picture of {tree.__name__}"
        assert error.__doc__, f"{error.__name__} does not say what it means"
        assert isinstance(vars(error).get("code"), str), f"{error.__name__} has no code of its own"
    codes = [vars(error)["code"] for error in errors(tree)]
    assert len(set(codes)) == len(codes)
