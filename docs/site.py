"""Site: hooks of MkDocs that add files from outside of docs/, and warn (which fails) where the reference has gaps.

README, contributing, changelog and model card become pages; result files that a page links to are copied. A public
name without an entry in docs/api, an entry without a docstring, and an asset from another host are warnings.
"""

from __future__ import annotations

import ast
import logging
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import griffe
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

log = logging.getLogger("mkdocs.hooks.site")

ROOT = Path(__file__).parents[1]
# Pages that are not in docs/, by their path in the repository.
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
    "src/warpseg/networks/weights/MODEL_CARD.md": "model-card.md",
}
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")
ENTRY = re.compile(r"^::: (\S+)", re.MULTILINE)
OUTSIDE = re.compile(r"<(?:script|img|source)[^>]+src=\"(?:https?:)?//[^\"]+|<link[^>]+href=\"(?:https?:)?//[^\"]+")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages from outside of docs/, and every file that any page links to."""
    for source, uri in PAGES.items():
        files.append(File.generated(config, uri, abs_src_path=str(ROOT / source)))
    for page in list(files.documentation_pages()):
        for target in LINK.findall(page.content_string):
            path = _resolved(target, page.src_uri)
            if (ROOT / path).is_file() and files.get_file_from_path(_uri(path)) is None:
                files.append(File.generated(config, _uri(path), abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Point links at the places that files have in the site."""
    here = posixpath.dirname(page.file.src_uri)

    def moved(found: re.Match[str]) -> str:
        return posixpath.relpath(_uri(_resolved(found[1], page.file.src_uri)), here or ".")

    return LINK.sub(moved, markdown)


def on_post_page(output: str, page: Page, config: MkDocsConfig) -> str:
    """Warn of assets that another host would have to deliver."""
    for found in OUTSIDE.findall(output):
        if 'rel="canonical"' not in found:
            log.warning("%s: loads an asset from outside: %s", page.file.src_uri, found)
    return output


def on_env(env: Any, config: MkDocsConfig, files: Files) -> None:
    """Warn of public names without an entry in the reference, and of entries without a docstring."""
    entries = [name for page in files.documentation_pages() for name in ENTRY.findall(page.content_string)]
    for name in _public():
        if f"warpseg.{name}" not in entries:
            log.warning("docs/api: warpseg.%s is public and has no entry", name)
    package = griffe.load("warpseg", search_paths=[str(ROOT / "src")])
    for entry in entries:
        for item in _documented(package[entry.removeprefix("warpseg.")]):
            if item.docstring is None:
                log.warning("%s: no docstring", item.path)


def _public() -> list[str]:
    """Return the public names, read without importing the package, which would import torch."""
    tree = ast.parse((ROOT / "src" / "warpseg" / "__init__.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id == "_HOMES":
            return list(ast.literal_eval(node.value))
    raise LookupError("src/warpseg/__init__.py: no _HOMES in it")


def _documented(item: griffe.Object | griffe.Alias) -> Iterator[griffe.Object | griffe.Alias]:
    """Yield an entry with its public classes, functions and properties; fields are in its class's docstring."""
    yield item
    if item.is_class or item.is_module:
        for name, member in item.members.items():
            if name.startswith("_") or (member.is_alias and not item.is_alias):
                continue
            if member.is_class or member.is_function or "property" in member.labels:
                yield from _documented(member)


def _resolved(target: str, uri: str) -> str:
    """Return the path in the repository of a link that stands in a page of the site."""
    source = next((path for path, page in PAGES.items() if page == uri), f"docs/{uri}")
    return posixpath.normpath(posixpath.join(posixpath.dirname(source), target))


def _uri(path: str) -> str:
    """Return the place in the site of a path in the repository."""
    return PAGES.get(path, path.removeprefix("docs/"))
