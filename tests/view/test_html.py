"""HTML elements and numbers as people read them."""

from __future__ import annotations

import pytest

from warpseg.view.html import Html, element, number


def test_text_is_escaped_and_markup_is_not() -> None:
    assert element("p", "<i>", Html("<b></b>"), title='"&') == '<p title="&quot;&amp;">&lt;i&gt;<b></b></p>'
    assert element("input", disabled=True, value=None, data_x=1) == '<input disabled data-x="1">'


@pytest.mark.parametrize(
    ("value", "said"), [(0, "0"), (0.0123456, "0.0123"), (1.5, "1.5"), (123.4, "123"), (12345.6, "12,346"), (None, "—")]
)
def test_numbers_are_short(value: float | None, said: str) -> None:
    assert number(value) == said
