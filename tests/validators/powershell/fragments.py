"""Texts that look like PowerShell, for hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

_FRAGMENTS = (
    *("$(", '"', "'", '@"\n', '\n"@', "@'\n", "\n'@", "`", "{", "}", "(", ")", "[", "]", "@{", "@(", "$", "${", "}"),
    *("foo", "1", "-", ".", "::", "#", "<#", "#>", "\n", "\r\n", " ", ";", "|", "||", "&", "&&", ",", "=", "?", "?."),
    *("if (1) {", "else", "class a {", "enum b {", "param(", "function f", "try {", "} catch {", "switch (1) {"),
    *("-not ", "!", "[int]", "$a", "$a.b", "$a[0]", "0x1F", "1kb", "300y", "\u2018a\u2019", "\u201cb\u201d"),
    *("\u2013eq", "--%", "-Name:", "$using:x", "#requires -version 5", "using namespace a", "data {", "@a", "trap"),
    *("foreach ($i in ", "return ", "break a", "'a'", '"b $c"', "..", "+", "++", "%", "*>", "2>&1", "\t", "\u00a0"),
    *("default {", "begin {", "`u{41}"),
)

texts = st.one_of(
    st.text(max_size=40),
    st.lists(st.sampled_from(_FRAGMENTS), max_size=25).map("".join),
    st.lists(st.sampled_from(_FRAGMENTS), max_size=25).map(" ".join),
)
