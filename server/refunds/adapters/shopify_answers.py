"""Shopify's GraphQL Admin API: what we ask for, and the shape of what comes back.

Source: shopify.dev, GraphQL Admin API 2026-07: `returnProcess` (since 2025-07), `refundCreate`,
`reverseFulfillmentOrderDispose`, `Return.suggestedFinancialOutcome`, `Order.transactions`, `errors`, `cost`.
"""

from typing import Annotated

from pydantic import Field

from server.refunds.adapters.wire import Answer

API_VERSION = "2026-07"
PATH = f"/admin/api/{API_VERSION}/graphql.json"
MOST_TRANSACTIONS = 100
"""Of one order; with more, which of them is ours cannot be told."""

MONEY = "presentmentMoney { amount currencyCode }"
TRANSACTIONS = (
    f"transactions(first: {MOST_TRANSACTIONS}) "
    f"{{ id kind status createdAt amountSet {{ {MONEY} }} parentTransaction {{ id }} }}"
)
PROCESS = (
    "mutation Process($input: ReturnProcessInput!) { returnProcess(input: $input) "
    f"{{ return {{ id order {{ id {TRANSACTIONS} }} }} userErrors {{ field message code }} }} }}"
)
REFUND = (
    "mutation Refund($input: RefundInput!, $key: String!) "
    "{ refundCreate(input: $input) @idempotent(key: $key) "
    f"{{ order {{ id {TRANSACTIONS} }} userErrors {{ field message }} }} }}"
)
DISPOSE = (
    "mutation Dispose($inputs: [ReverseFulfillmentOrderDisposeInput!]!) "
    "{ reverseFulfillmentOrderDispose(dispositionInputs: $inputs) "
    "{ reverseFulfillmentOrderLineItems { id } userErrors { field message code } } }"
)
ORDER = f"query Order($id: ID!) {{ order(id: $id) {{ id {TRANSACTIONS} }} }}"
SUGGEST = (
    "query Suggest($id: ID!, $lines: [SuggestedOutcomeReturnLineItemInput!]!) { return(id: $id) "
    "{ id suggestedFinancialOutcome(returnLineItems: $lines, exchangeLineItems: []) "
    f"{{ maximumRefundable {{ {MONEY} }} financialTransfer {{ ... on RefundReturnOutcome "
    f"{{ amount {{ {MONEY} }} suggestedTransactions {{ amountSet {{ {MONEY} }} "
    "parentTransaction { id } } } } } } }"
)

Text = Annotated[str, Field(max_length=256)]


class Money(Answer):
    """An amount as decimal text."""

    amount: Annotated[str, Field(max_length=32)]
    currencyCode: Annotated[str, Field(max_length=8)]


class Bag(Answer):
    """In the customer's currency; the shop's own is not asked for."""

    presentmentMoney: Money


class Named(Answer):
    """Anything with an id."""

    id: Text


class Transaction(Answer):
    """One movement of an order."""

    id: Text
    kind: Text
    status: Text
    createdAt: Text
    amountSet: Bag
    parentTransaction: Named | None = None


class Order(Answer):
    """An order's movements."""

    id: Text
    transactions: Annotated[tuple[Transaction, ...], Field(max_length=MOST_TRANSACTIONS)]


class UserError(Answer):
    """Why a mutation did not do it; the message is for its developer, and is not read."""

    code: Text | None = None


class Suggested(Answer):
    """One payment's share of a suggestion."""

    amountSet: Bag
    parentTransaction: Named | None = None


class Transfer(Answer):
    """A refund; of an invoice nothing is asked for, so that both are None."""

    amount: Bag | None = None
    suggestedTransactions: Annotated[tuple[Suggested, ...], Field(max_length=MOST_TRANSACTIONS)] = ()


class Outcome(Answer):
    """What the shop would pay back."""

    maximumRefundable: Bag
    financialTransfer: Transfer | None = None


class Return(Answer):
    """A return, with its order or its suggestion, as asked."""

    id: Text
    order: Order | None = None
    suggestedFinancialOutcome: Outcome | None = None


UserErrors = Annotated[tuple[UserError, ...], Field(max_length=250)]


class Processed(Answer):
    """Payload of `returnProcess`."""

    return_: Annotated[Return | None, Field(alias="return")] = None
    userErrors: UserErrors


class Refunded(Answer):
    """Payload of `refundCreate`; its errors have no code."""

    order: Order | None = None
    userErrors: UserErrors


class Disposed(Answer):
    """Payload of `reverseFulfillmentOrderDispose`."""

    userErrors: UserErrors


class Fields(Answer):
    """`data` of whichever request."""

    returnProcess: Processed | None = None
    refundCreate: Refunded | None = None
    reverseFulfillmentOrderDispose: Disposed | None = None
    order: Order | None = None
    return_: Annotated[Return | None, Field(alias="return")] = None


class Extensions(Answer):
    """Of an error."""

    code: Text | None = None


class GraphError(Answer):
    """An error of the request as a whole, or of one field of it."""

    extensions: Extensions = Extensions()
    path: Annotated[tuple[str | int, ...], Field(max_length=64)] | None = None


class Throttle(Answer):
    """The bucket of calls."""

    currentlyAvailable: float
    restoreRate: float


class Cost(Answer):
    """What the request would have cost, in points."""

    requestedQueryCost: float
    throttleStatus: Throttle


class Around(Answer):
    """What comes beside the data."""

    cost: Cost | None = None


class Whole(Answer):
    """A whole answer."""

    data: Fields | None = None
    errors: Annotated[tuple[GraphError, ...], Field(max_length=250)] | None = None
    extensions: Around | None = None
