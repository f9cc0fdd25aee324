"""Capital from the masters through farms to agents, laid out for an SVG.

Three columns; a box is as high as the wallet's value, but never too low for its two lines of text, and the bands
between the boxes share the height of their source in proportion. A column shows the largest wallets and sums up the
others, so a tree of two hundred wallets is still one picture. The table beside it has every figure.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import cycle
from uuid import UUID

from wallets.hierarchy.tree import WalletNode
from wallets.models import Wallet

WIDTH = 884
BOX_WIDTH = 206
COLUMNS = (4, 334, 674)
FULL_HEIGHT = 268.0
LOWEST = 38.0
GAPS = (20.0, 20.0, 7.0)
MARGIN = 33.0
SHOWN = (3, 7, 12)
COLOURS = (1, 2, 5, 3, 4)
REST_COLOUR = 6
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Box:
    """A wallet (with its id), the free money of one, or the sum of those that did not fit. `colour` is 1 to 6."""

    label: str
    id: UUID | None
    parent_id: UUID | None
    value: Decimal
    share: Decimal | None
    drift: Decimal | None
    colour: int
    x: float
    y: float
    height: float
    width: int = BOX_WIDTH

    @property
    def mark_x(self) -> float:
        return self.x + 6

    @property
    def mark_y(self) -> float:
        return self.y + 6

    @property
    def mark_height(self) -> float:
        return self.height - 12

    @property
    def text_x(self) -> float:
        return self.x + 20

    @property
    def label_y(self) -> float:
        return self.y + self.height / 2 - 3

    @property
    def figures_y(self) -> float:
        return self.y + self.height / 2 + 13


@dataclass(frozen=True, slots=True)
class Band:
    path: str
    colour: int


@dataclass(frozen=True, slots=True)
class Flow:
    boxes: tuple[Box, ...]
    bands: tuple[Band, ...]
    base_asset: str
    height: int
    width: int = WIDTH


@dataclass(frozen=True, slots=True)
class _Item:
    label: str
    id: UUID | None
    parent_id: UUID | None
    value: Decimal
    share: Decimal | None
    drift: Decimal | None
    colour: int


def colours(tree: Sequence[WalletNode]) -> dict[UUID, int]:
    """A colour (1 to 6) for every wallet: each farm its own, its agents the same, idle money one for all."""
    found: dict[UUID, int] = {}
    palette = cycle(COLOURS)
    for node in tree:
        if node.role == Wallet.Role.FARM:
            found[node.id] = next(palette)
        elif node.role in Wallet.IDLE:
            found[node.id] = REST_COLOUR
        else:
            found[node.id] = found.get(node.parent_id, COLOURS[0]) if node.parent_id else COLOURS[0]
    return found


def capital_flow(tree: Sequence[WalletNode]) -> Flow | None:
    """The picture of the tree, or None while there is no money in it."""
    masters = [node for node in tree if node.depth == 0 and _worth(node) > 0]
    if not masters:
        return None
    columns = _columns(tree, masters)
    scale = FULL_HEIGHT / float(sum(map(_worth, masters)))
    heights = [
        sum(_height(item, scale) for item in column) + gap * (len(column) - 1)
        for column, gap in zip(columns, GAPS, strict=True)
    ]
    total = max(heights) + 2 * MARGIN
    boxes = tuple(
        box
        for column, x, gap, height in zip(columns, COLUMNS, GAPS, heights, strict=True)
        for box in _stack(column, x, (total - height) / 2, gap, scale)
    )
    return Flow(boxes, tuple(_bands(boxes)), masters[0].base_asset, round(total))


def _columns(tree: Sequence[WalletNode], masters: list[WalletNode]) -> list[list[_Item]]:
    """Masters; farms, reserves and what is free beside them; agents in the order of their farms."""
    colour = colours(tree)
    below: dict[UUID | None, list[WalletNode]] = defaultdict(list)
    for node in tree:
        below[node.parent_id].append(node)
    shown = _largest(masters, SHOWN[0])
    farms = _largest([node for node in tree if node.depth == 1 and node.parent_id in shown], SHOWN[1])
    agents = _largest([node for node in tree if node.depth == 2 and node.parent_id in farms], SHOWN[2])
    first = [_item(node, colour) for node in tree if node.id in shown]
    second: list[_Item] = []
    for master in (node for node in tree if node.id in shown):
        second += [_item(node, colour) for node in below[master.id] if node.id in farms]
        second += _rest(below[master.id], master, farms)
        own = master.own_value or ZERO
        if own > 0 and master.role not in Wallet.IDLE:
            second.append(_Item("Free money", None, master.id, own, own / _worth(master), None, REST_COLOUR))
    third: list[_Item] = []
    for farm in (node for node in tree if node.id in farms):
        third += [_item(node, colour) for node in below[farm.id] if node.id in agents]
        third += _rest(below[farm.id], farm, agents)
    return [first, second, third]


def _largest(nodes: Sequence[WalletNode], count: int) -> set[UUID]:
    ranked = sorted((node for node in nodes if _worth(node) > 0), key=_worth, reverse=True)
    return {node.id for node in ranked[:count]}


def _worth(node: WalletNode) -> Decimal:
    """What is drawn of the wallet: nothing where its value is unknown."""
    return node.value or ZERO


def _rest(below: Sequence[WalletNode], parent: WalletNode, shown: set[UUID]) -> list[_Item]:
    others = [node for node in below if node.id not in shown and _worth(node) > 0]
    if not others:
        return []
    value = sum(map(_worth, others), ZERO)
    share = sum((node.share or ZERO for node in others), ZERO)
    roles = {node.role for node in others}
    noun = f"{roles.pop()}s" if len(roles) == 1 else "wallets"
    return [_Item(f"{len(others)} more {noun}", None, parent.id, value, share, None, REST_COLOUR)]


def _item(node: WalletNode, colour: dict[UUID, int]) -> _Item:
    drift = node.drift if node.depth else None
    return _Item(node.name, node.id, node.parent_id, _worth(node), node.share, drift, colour[node.id])


def _height(item: _Item, scale: float) -> float:
    return max(LOWEST, float(item.value) * scale)


def _stack(column: list[_Item], x: float, top: float, gap: float, scale: float) -> list[Box]:
    boxes = []
    for item in column:
        height = _height(item, scale)
        boxes.append(
            Box(
                item.label,
                item.id,
                item.parent_id,
                item.value,
                item.share,
                item.drift,
                item.colour,
                x,
                round(top, 1),
                round(height, 1),
            )
        )
        top += height + gap
    return boxes


def _bands(boxes: Sequence[Box]) -> list[Band]:
    """From every box to its children: as wide as their share where they leave it, as high as their boxes at the end."""
    bands = []
    for source in boxes:
        children = [box for box in boxes if source.id is not None and box.parent_id == source.id]
        used = source.y
        for child in children:
            top, used = used, used + source.height * float(child.value / source.value)
            left, right = source.x + source.width, child.x
            middle = (left + right) / 2
            foot = child.y + child.height
            path = (
                f"M{left} {top:.1f}C{middle} {top:.1f} {middle} {child.y:.1f} {right} {child.y:.1f}"
                f"V{foot:.1f}C{middle} {foot:.1f} {middle} {used:.1f} {left} {used:.1f}Z"
            )
            bands.append(Band(path, child.colour))
    return bands
