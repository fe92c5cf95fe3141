"""Where a webhook may go, and what an answer means."""

import ipaddress

import pytest

from server.errors import EndpointRefused
from server.outward.addresses import AddressPolicy, read_url, vet
from server.refunds.breaker import Said
from server.refunds.posting import Attempt, Result, judge

PUBLIC = AddressPolicy()
LOCAL = AddressPolicy(loopback=True)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.0.0.8", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "224.0.0.1", "255.255.255.255", "::1",
        "fc00::1", "fe80::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::",
        "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1", "2002:a00:1::", "::10.0.0.1", "fec0::1",
    ],
)  # fmt: skip
def test_no_webhook_goes_into_our_own_network(address: str) -> None:
    assert not PUBLIC.allows(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::8.8.8.8"])
def test_public_addresses_are_fine(address: str) -> None:
    assert PUBLIC.allows(ipaddress.ip_address(address))


def test_a_named_network_is_fine() -> None:
    policy = AddressPolicy(networks=("10.1.0.0/16",))
    assert policy.allows(ipaddress.ip_address("10.1.2.3"))
    assert not policy.allows(ipaddress.ip_address("10.2.2.3"))
    assert not policy.allows(ipaddress.ip_address("127.0.0.1"))


@pytest.mark.parametrize(
    "url",
    [
        "ftp://shop.example/", "shop.example", "https://", "https://u:p@shop.example/",
        "https://shop.example:x/",         "https://shop.example/#a", "https://shop.example/a b", "https://商店.example/",
        "http://[::1", "//shop.example",
    ],
)  # fmt: skip
def test_what_is_no_webhook_url_is_refused(url: str) -> None:
    with pytest.raises(EndpointRefused):
        read_url(url)


def test_a_url_keeps_its_name_when_the_address_takes_its_place() -> None:
    target = read_url("https://shop.example/hook?a=1")
    assert (target.authority, target.at(ipaddress.ip_address("8.8.8.8"))) == (
        "shop.example:443",
        "https://8.8.8.8:443/hook?a=1",
    )
    assert target.at(ipaddress.ip_address("2606:4700::1111")) == "https://[2606:4700::1111]:443/hook?a=1"


@pytest.mark.parametrize("host", ["a..b", ".b", "a" * 64 + ".b"])
async def test_a_name_that_is_none_is_refused_in_words(host: str) -> None:
    with pytest.raises(EndpointRefused, match="cannot be resolved"):
        await vet(read_url(f"https://{host}/"), PUBLIC)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "http://[::1]:1/", "https://localhost/"])
async def test_this_machine_is_only_for_a_centre_that_serves_it_alone(url: str) -> None:
    with pytest.raises(EndpointRefused):
        await vet(read_url(url), PUBLIC)
    assert await vet(read_url(url), LOCAL)


async def test_plain_http_never_leaves_this_machine() -> None:
    with pytest.raises(EndpointRefused, match="https"):
        await vet(read_url("http://8.8.8.8/"), LOCAL)


@pytest.mark.parametrize(
    ("status", "retry_after", "expected"),
    [
        (204, None, Attempt(result=Result.DELIVERED, answer="HTTP 204", said=Said.TOOK)),
        (410, None, Attempt(result=Result.GONE, answer="HTTP 410")),
        (301, None, Attempt(result=Result.RETRY, answer="HTTP 301")),
        (400, "soon", Attempt(result=Result.RETRY, answer="HTTP 400")),
        (425, "7", Attempt(result=Result.RETRY, answer="HTTP 425", retry_after_s=7.0, said=Said.WAIT)),
        (429, "7", Attempt(result=Result.RETRY, answer="HTTP 429", retry_after_s=7.0, said=Said.DOWN)),
        (502, None, Attempt(result=Result.RETRY, answer="HTTP 502", said=Said.DOWN)),
        (503, "0", Attempt(result=Result.RETRY, answer="HTTP 503", retry_after_s=0.0, said=Said.DOWN)),
        (504, None, Attempt(result=Result.RETRY, answer="HTTP 504", said=Said.DOWN)),
    ],
)
def test_a_status_means_one_thing(status: int, retry_after: str | None, expected: Attempt) -> None:
    assert judge(status, {"retry-after": retry_after} if retry_after else {}) == expected
