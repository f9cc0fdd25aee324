"""What can be reported on and compared: all wallets together, one wallet with everything below it, one connection.

A connection has no history of its own. What is at it are the wallets that stand at it: each that comes from elsewhere
counts with everything below it, and what of that is at another connection is taken out again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from uuid import UUID

from kit.errors import InvalidInputError, NotFoundError
from kit.sentences import sentence
from wallets.models import Wallet

FUND: Final = "fund"
CONNECTION: Final = "connection"
NOT_FOUND: Final = "There is no such wallet and no such connection: choose one of yours."


@dataclass(frozen=True, slots=True)
class Node:
    """A wallet in its place."""

    pk: UUID
    name: str
    role: str
    parent_id: UUID | None
    base: str
    connection_id: UUID
    connection: str
    venue: str
    is_archived: bool


@dataclass(frozen=True, slots=True)
class Account:
    """`key` stands in addresses. Its histories are `adds` less `takes`, each of a scope with everything below it."""

    key: str
    kind: str
    name: str
    base: str
    adds: tuple[UUID, ...]
    takes: tuple[UUID, ...] = ()

    @property
    def scope(self) -> UUID | None:
        """Whose history it is, where that is one."""
        return self.adds[0] if len(self.adds) == 1 and not self.takes else None

    @property
    def label(self) -> str:
        """As a list to choose from has it."""
        return self.name if self.kind == FUND else f"{self.name} ({self.kind})"


class Accounts:
    """Every account of an owner; the wallets are read in one query."""

    def __init__(self, *, owner_id: UUID, currency: str) -> None:
        self.owner_id = owner_id
        self.currency = currency

    @cached_property
    def nodes(self) -> dict[UUID, Node]:
        """Oldest first."""
        rows = (
            Wallet.objects.filter(owner_id=self.owner_id)
            .order_by("created_at", "pk")
            .values_list(
                "pk", "name", "role", "parent_id", "base_asset", "connection_id", "connection__name",
                "connection__venue", "archived_at",
            )
        )  # fmt: skip
        return {row[0]: Node(*row[:-1], is_archived=row[-1] is not None) for row in rows}

    @cached_property
    def children(self) -> dict[UUID | None, list[Node]]:
        """Of each wallet those right below it; of None the ones that have nobody above."""
        found: dict[UUID | None, list[Node]] = {}
        for node in self.nodes.values():
            found.setdefault(node.parent_id, []).append(node)
        return found

    @property
    def fund(self) -> Account:
        return Account(FUND, FUND, "Portfolio", self.currency, (self.owner_id,))

    @property
    def connections(self) -> list[Account]:
        """By name."""
        names = {node.connection_id: node.connection for node in self.nodes.values()}
        return [self._connection(pk, name) for pk, name in sorted(names.items(), key=lambda item: item[1])]

    @property
    def choices(self) -> Sequence[Account]:
        """What a list offers: the fund, connections, and wallets that are not put away, agents last."""
        order = list(Wallet.Role.values)
        shown = sorted(
            (node for node in self.nodes.values() if not node.is_archived), key=lambda one: order.index(one.role)
        )
        return [self.fund, *self.connections, *map(_wallet, shown)]

    @property
    def reported(self) -> Sequence[Account]:
        """Those that a report is of: the fund, connections, and what stands at the top of each."""
        return [self.fund, *self.connections, *(_wallet(node) for node in self.children.get(None, []))]

    def within(self, account: Account) -> set[UUID]:
        """The wallets that it consists of."""
        if account.kind == FUND:
            return set(self.nodes)
        return self.below(account.adds) - self.below(account.takes)

    def below(self, tops: Sequence[UUID]) -> set[UUID]:
        """These wallets and all that stands below them."""
        found: set[UUID] = set()
        left = list(tops)
        while left:
            found.add(top := left.pop())
            left += [child.pk for child in self.children.get(top, [])]
        return found

    def find(self, key: str) -> Account:
        """Raises NotFoundError where it is none of the owner's."""
        if key in {FUND, ""}:
            return self.fund
        try:
            pk = UUID(key)
        except ValueError as error:
            raise NotFoundError(NOT_FOUND) from error
        if pk == self.owner_id:
            return self.fund
        if pk in self.nodes:
            return _wallet(self.nodes[pk])
        names = {node.connection_id: node.connection for node in self.nodes.values()}
        if pk not in names:
            raise NotFoundError(NOT_FOUND)
        found = self._connection(pk, names[pk])
        self.check(found)
        return found

    def check(self, account: Account) -> None:
        """Raises InvalidInputError where its wallets are valued in several assets: they make no sum."""
        bases = sorted({self.nodes[pk].base for pk in (*account.adds, *account.takes) if pk in self.nodes})
        if len(bases) > 1:
            told = sentence(
                "The wallets of {name} are valued in {bases}: look at one of them alone.",
                name=account.name, bases=" and ".join(bases),
            )  # fmt: skip
            raise InvalidInputError(told)

    def _connection(self, pk: UUID, name: str) -> Account:
        def stands_at(node: Node | None) -> bool:
            return node is not None and node.connection_id == pk

        adds, takes = [], []
        for node in self.nodes.values():
            above = self.nodes.get(node.parent_id) if node.parent_id else None
            if stands_at(node) and not stands_at(above):
                adds.append(node)
            elif stands_at(above) and not stands_at(node):
                takes.append(node)
        return Account(
            str(pk), CONNECTION, name, adds[0].base, tuple(one.pk for one in adds), tuple(one.pk for one in takes)
        )


def _wallet(node: Node) -> Account:
    return Account(str(node.pk), node.role, node.name, node.base, (node.pk,))
