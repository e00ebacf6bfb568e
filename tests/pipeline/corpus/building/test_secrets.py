"""Secrets are replaced, whatever is no secret stays, and the code stays code. All secrets here are invented."""

from __future__ import annotations

import random
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.corpus.building.secrets import scrub
from validators import get_language

_RANDOM = random.Random(7)


def drawn(length: int, alphabet: str = string.ascii_letters + string.digits) -> str:
    """Letters at random, so that no text in this file looks like anybody's secret."""
    return "aB3" + "".join(_RANDOM.choices(alphabet, k=length - 3))


UPPER = string.ascii_uppercase + string.digits
HEX = string.hexdigits[:16]
SECRETS: list[tuple[str, str, str, str]] = [  # kind, language, code with a hole, what is in the hole
    ("private key", "python", 'k = """-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----"""', drawn(64)),
    ("private key", "python", "pem = '-----BEGIN PRIVATE KEY-----{}'", drawn(32)),
    ("AWS key", "python", "client(aws_id='AKIA{}')", drawn(16, UPPER).upper()),
    ("GitHub token", "powershell", "git clone https://gh{}@github.com/a/b", "p_" + drawn(36)),
    ("GitHub token", "python", "t = f('github_pat_{}')", drawn(40)),
    ("GitLab token", "python", "t = f('glpat-{}')", drawn(20)),
    ("Slack token", "python", "t = f('xoxb-{}')", drawn(24)),
    ("Slack token", "powershell", "irm https://hooks.slack.com/services/{}", f"T{drawn(8)}/B{drawn(8)}/{drawn(24)}"),
    ("API key", "python", "client = OpenAI('sk-proj-{}')", drawn(40)),
    ("API key", "excel", '=WEBSERVICE("https://maps.test/?k=AIza{}")', drawn(35)),
    ("API key", "python", "stripe('sk_live_{}')", drawn(24)),
    ("API key", "python", "login('hf_{}')", drawn(34)),
    ("registry token", "powershell", "npm config set //r.test/:_auth npm_{}", drawn(36)),
    ("JSON web token", "python", "check('eyJ{}')", f"{drawn(20)}.eyJ{drawn(30)}.{drawn(43)}"),
    ("bearer token", "python", "headers = {{'Authorization': 'Bearer {}'}}", drawn(24)),
    ("credentials in a URL", "python", "connect('postgresql://me:{}@db.test/x')", "s3cretWord"),
    ("password", "python", "connect('Server=db;User=me;Password={};')", "s3cretWord"),
    ("password", "excel", '="AccountKey={};"&A1', drawn(30)),
    ("password", "python", "db_password = '{}'", "s3cretWord"),
    ("password", "python", "config['api_key'] = \"{}\"", "s3cretWord"),
    ("password", "python", "connect(user='me', passwd=b'{}')", "s3cretWord"),
    ("password", "python", "{{'client-secret': '{}'}}", "s3cretWord"),
    ("password", "python", "TOKEN: str = r'{}'", "s3cretWord"),
    ("password", "powershell", "$Password = '{}'", "s3cretWord"),
    ("password", "powershell", "Connect-It -Password '{}' -Force", "s3cretWord"),
    ("password", "powershell", "ConvertTo-SecureString '{}' -AsPlainText -Force", "s3cretWord"),
    ("password", "powershell", 'ConvertTo-SecureString -String "{}" -Force', "s3cretWord"),
    ("long hexadecimal", "python", "salt = f('{}')", drawn(40, HEX).lower()),
    ("long hexadecimal", "python", "n = 0x{}", drawn(32, HEX).lower()),
    ("long base64", "python", "blob = f('{}')", drawn(88) + "=="),
    ("e-mail address", "python", "mail('{}')", "jane.doe+x@corp-mail.co.uk"),
    ("e-mail address", "excel", '=HYPERLINK("mailto:{}")', "jane@firm.org"),
    ("IP address", "powershell", "Test-Connection {}", "52.17.203.9"),
    ("IP address", "python", "ping('{}')", "2a03:2880:f12f:83:face::25de"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "language", "code", "secret"), SECRETS, ids=[f"{s[0]}: {s[2]}" for s in SECRETS])
def test_a_secret_is_replaced_and_the_code_stays_code(kind: str, language: str, code: str, secret: str) -> None:
    judge = get_language(language).check
    code = code.format(secret)
    assert judge(code).accepted, code
    clean, kinds = scrub(code)
    assert kind in kinds
    assert secret not in clean
    assert judge(clean).accepted, clean
    assert scrub(clean) == (clean, [])


@pytest.mark.parametrize(
    ("code", "clean"),
    [
        ("password = 'Pa55-word!'", "password = 'Aa00-aaaa!'"),
        ("mail('jane@firm.org')", "mail('user@example.com')"),
        ("ping('52.17.203.9')", "ping('192.0.2.1')"),
        ("ping('2a03:2880::1')", "ping('2001:db8::1')"),
    ],
)
def test_what_stands_for_a_secret_has_its_shape_and_says_that_it_is_none(code: str, clean: str) -> None:
    assert scrub(code)[0] == clean


@pytest.mark.parametrize(
    "code",
    [
        "password = getpass()",
        "password = None",
        "password == 'secret-word'",
        "password = f'{user}-{salt}'",
        "prompt('Enter your password: ')",
        "$password = Read-Host 'Password, please' -AsSecureString",
        "Connect-It -Password $password",
        '"Password=$password;"',
        "url = 'postgresql://{user}:{password}@db.test/x'",
        "mail('jane@example.com', 'bob@mail.example.org', 'root@localhost')",
        "git clone git@github.com:owner/repo.git",
        "a@b.T",
        "x = a @ b.dot(c)",
        "hosts = ['127.0.0.1', '10.0.0.7', '192.168.1.1', '0.0.0.0', '255.255.255.255', '::1', 'fe80::1']",
        "version = '1.2.3'",
        "x[2000:3000:10]",
        "digest = 'd41d8cd9'",
        "n = 123456789012345678901234567890123456789",
        "path = '/usr/local/lib/python3/site-packages/Package/module_of_the_library'",
        "AbstractSingletonProxyFactoryBean2WithAnUnusuallyLongName()",
        "for token in tokens: print(token)",
        '=SUM(A1:A9)&" total"',
        "sort(key=lambda x: x)",
    ],
)
def test_what_is_no_secret_stays(code: str) -> None:
    assert scrub(code) == (code, [])


@given(st.text(alphabet=string.printable, max_size=120))
def test_scrubbing_twice_changes_nothing_more(code: str) -> None:
    clean, _ = scrub(code)
    assert scrub(clean) == (clean, [])


@pytest.mark.parametrize(
    "text", ["a" * 20_000, "a." * 10_000, "1." * 10_000, "A1+" * 7_000, "2001:" * 4_000, "'" * 20_000]
)
def test_hostile_text_takes_no_time(text: str) -> None:
    """Each takes milliseconds; a pattern that looks back would take hours."""
    scrub(text)
    scrub(f"password = '{text}")
