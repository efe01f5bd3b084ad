"""The simulated app: its releases, the devices it runs on and what people do in it."""

from __future__ import annotations

from typing import NamedTuple

from lopan.demo.facts import NEW_FEATURE

NEVER = 1e9


class Release(NamedTuple):
    """One release; ``day`` is when its roll-out began, relative to the anchor; the rest are factors on the base values.

    ``stages`` are (days after ``day``, share of installations offered it by then).
    """

    version: str
    build: str
    day: float
    stages: tuple[tuple[float, float], ...]
    launch: float = 1.0
    frames: float = 1.0
    memory: float = 1.0
    crashes: float = 1.0


class Device(NamedTuple):
    """A model with its share of the fleet; ``launch`` and ``jank`` above 1 are worse than the average device."""

    model: str
    share: float
    launch: float
    jank: float
    memory: float
    refresh: float
    systems: tuple[str, ...]


class Role(NamedTuple):
    """People with one job; ``hours`` is their activity over the local day; features and workflows have weights."""

    name: str
    share: float
    minutes: float
    hours: tuple[float, ...]
    features: tuple[tuple[str, float], ...]
    workflows: tuple[tuple[str, float], ...]


class Step(NamedTuple):
    """One step of a workflow: seconds that it takes in the median, share of runs that end there."""

    name: str
    seconds: float
    lost: float


_USUAL = ((0.0, 0.01), (1.0, 0.10), (2.0, 0.50), (4.0, 1.0))
_HALTED = ((0.0, 0.02), (1.0, 0.30), (2.5, 0.65))

RELEASES = (
    Release("1.9.2", "288", -400.0, ((0.0, 1.0),), launch=1.10, frames=1.35, memory=1.05, crashes=1.7),
    Release("2.0.0", "301", -44.0, _USUAL, launch=1.06, frames=1.25, memory=1.04, crashes=1.6),
    Release("2.0.1", "304", -36.0, _USUAL, launch=1.05, frames=1.15, memory=1.03, crashes=1.1),
    Release("2.1.0", "317", -29.0, _USUAL, launch=1.02, frames=1.10, memory=1.02, crashes=1.0),
    Release("2.1.1", "319", -24.0, _USUAL, launch=1.00, frames=1.00, memory=1.00, crashes=0.8),
    Release("2.2.0", "331", -19.0, _HALTED, launch=1.75, frames=1.05, memory=1.01, crashes=1.3),
    Release(
        "2.2.1", "334", -12.0, ((0.0, 0.10), (1.0, 0.60), (2.0, 1.0)), launch=0.98, frames=0.95, memory=1.0, crashes=0.7
    ),
    Release("2.3.0", "341", -4.0, _USUAL, launch=0.94, frames=0.85, memory=0.98, crashes=0.6),
)
REGRESSED = "2.2.0"
FIXED = "2.2.1"

_OLD = ("iOS 17.7", "iOS 18.6")
_MID = ("iOS 18.6", "iOS 19.0", "iOS 19.1")
_NEW = ("iOS 19.0", "iOS 19.1")

DEVICES = (
    Device("iPhone12,1", 0.08, 1.42, 4.2, 0.84, 60.0, _OLD),
    Device("iPhone13,2", 0.10, 1.22, 1.7, 0.91, 60.0, _MID),
    Device("iPhone14,5", 0.16, 1.06, 1.1, 0.97, 60.0, _MID),
    Device("iPhone14,7", 0.12, 1.02, 1.0, 1.00, 60.0, _MID),
    Device("iPhone15,2", 0.11, 0.90, 0.7, 1.05, 120.0, _NEW),
    Device("iPhone16,1", 0.11, 0.84, 0.6, 1.06, 120.0, _NEW),
    Device("iPhone17,1", 0.08, 0.79, 0.5, 1.08, 120.0, _NEW),
    Device("iPhone17,3", 0.05, 0.81, 0.6, 1.05, 60.0, _NEW),
    Device("iPad11,6", 0.05, 1.60, 6.5, 0.88, 60.0, _OLD),
    Device("iPad13,18", 0.07, 1.15, 1.2, 1.03, 60.0, _MID),
    Device("iPad14,3", 0.04, 0.80, 0.5, 1.18, 120.0, _NEW),
    Device("iPad16,3", 0.03, 0.73, 0.4, 1.22, 120.0, _NEW),
)

_OFFICE = (0, 0, 0, 0, 0, 0, 1, 4, 9, 11, 10, 8, 5, 8, 10, 9, 8, 5, 2, 1, 1, 0, 0, 0)
_FIELD = (0, 0, 0, 0, 0, 1, 3, 6, 8, 9, 9, 8, 7, 8, 9, 9, 8, 6, 4, 2, 1, 1, 0, 0)
_SHIFTS = (1, 0, 0, 0, 1, 5, 10, 9, 8, 7, 7, 6, 5, 8, 10, 8, 7, 6, 5, 4, 4, 3, 2, 1)

ROLES = (
    Role(
        "salesperson",
        0.45,
        1.00,
        _FIELD,
        (("customer_management", 9), ("order_entry", 7), ("analytics_dashboard", 3), ("inventory_tracking", 2)),
        (("create_order", 1),),
    ),
    Role(
        "warehouseKeeper",
        0.28,
        0.85,
        _SHIFTS,
        (("inventory_tracking", 9), ("stock_count", 5), ("batch_processing", 4), ("order_entry", 1)),
        (("receive_goods", 8), ("create_order", 1)),
    ),
    Role(
        "workshopManager",
        0.19,
        1.20,
        _SHIFTS,
        (("batch_processing", 9), ("machine_status", 5), ("analytics_dashboard", 4), ("inventory_tracking", 2)),
        (("complete_batch", 7), ("receive_goods", 3)),
    ),
    Role(
        "administrator",
        0.08,
        1.15,
        _OFFICE,
        (("customer_management", 5), ("analytics_dashboard", 7), ("user_management", 5), ("batch_processing", 1)),
        (("invite_user", 6), ("receive_goods", 3), ("create_order", 2)),
    ),
)

SCREENS = {
    "customer_management": "Customers",
    "order_entry": "Orders",
    "analytics_dashboard": "Analytics",
    "inventory_tracking": "Inventory",
    "batch_processing": "Batches",
    "stock_count": "Stock count",
    "machine_status": "Machines",
    "user_management": "Users",
    NEW_FEATURE: "Deliveries",
}

CORE = ("customer_management", "order_entry", "inventory_tracking", "batch_processing")
"""Features that everybody entitled to them should use."""

WORKFLOWS = {
    "create_order": (
        Step("select_customer", 9, 0.03),
        Step("add_items", 38, 0.05),
        Step("check_stock", 6, 0.04),
        Step("confirm", 7, 0.02),
    ),
    "receive_goods": (
        Step("scan", 8, 0.03),
        Step("count", 24, 0.05),
        Step("assign_location", 15, 0.04),
        Step("confirm", 6, 0.02),
    ),
    "complete_batch": (
        Step("open_batch", 7, 0.02),
        Step("record_output", 32, 0.05),
        Step("quality_check", 45, 0.07),
        Step("close_batch", 8, 0.02),
    ),
    "invite_user": (Step("enter_details", 28, 0.08), Step("choose_role", 9, 0.03), Step("send", 4, 0.02)),
}

COMMENTS = {
    "low": (
        "Too many taps for what I do forty times a day.",
        "Lost what I had entered when the connection dropped in hall 3.",
        "Search finds nothing unless I type the exact name.",
    ),
    "middle": (
        "Does the job. The list could load faster.",
        "Fine on the tablet, cramped on the phone.",
        "I still keep a paper list beside it.",
    ),
    "high": (
        "Saves me an hour a day, thank you!",
        "Much quicker since the last update.",
        "Finally I see the stock while I am at the customer's.",
    ),
    "stuck": (
        "Assigning a location takes forever, the list shows every shelf of every site.",
        "Can't scan the shelf label, have to pick the location by hand.",
        "Location screen jumps back to the top after each pallet. I give up and write it down.",
    ),
}
"""What people write; ``stuck`` is what the struggling role writes with a low score."""

ZONES = (("Europe/Berlin", 0.55), ("America/Chicago", 0.25), ("Asia/Singapore", 0.20))
WEEK = (1.0, 1.06, 1.05, 1.03, 0.94, 0.34, 0.20)

HOST = "api.fleet.example"
ROUTES = (
    ("GET", "/v2/customers", 0.24, 95.0),
    ("GET", "/v2/orders", 0.26, 120.0),
    ("POST", "/v2/orders", 0.08, 210.0),
    ("GET", "/v2/inventory", 0.20, 110.0),
    ("POST", "/v2/batches/{id}/records", 0.10, 160.0),
    ("GET", "/v2/analytics/summary", 0.08, 380.0),
    ("POST", "/v2/login", 0.04, 260.0),
)

CRASHES = (
    (
        "EXC_BAD_ACCESS",
        "Attempted to dereference garbage pointer",
        "SIGSEGV",
        ("InventoryStore.apply(_:) (InventoryStore.swift:212)", "SyncEngine.merge(_:) (SyncEngine.swift:98)"),
    ),
    (
        "Fatal error",
        "Index out of range",
        "SIGTRAP",
        ("OrderListModel.row(at:) (OrderListModel.swift:74)", "OrderListView.body.getter (OrderListView.swift:41)"),
    ),
    (
        "NSInternalInconsistencyException",
        "Invalid update: invalid number of rows in section 0",
        "SIGABRT",
        ("BatchTableController.reload() (BatchTableController.swift:133)", "BatchFeed.publish() (BatchFeed.swift:57)"),
    ),
    ("WatchdogTermination", "The system ended the app for its use of memory", "OOM", ()),
    (
        "Fatal error",
        "Unexpectedly found nil while unwrapping an Optional value",
        "SIGTRAP",
        ("LabelScanner.decode(_:) (LabelScanner.swift:187)", "ScanController.found(_:) (ScanController.swift:92)"),
    ),
)
ERRORS = (
    ("URLError", "The request timed out", "OrderClient.fetch() (OrderClient.swift:66)"),
    ("DecodingError", "Key 'unit' not found", "InventoryDecoder.item(_:) (InventoryDecoder.swift:31)"),
    ("SyncConflict", "Server holds a newer version", "SyncEngine.push(_:) (SyncEngine.swift:140)"),
)
INCIDENTS = (
    ("failed_login", "low", "Five wrong passwords for one account"),
    ("certificate", "medium", "Unknown certificate presented to the app"),
    ("jailbreak", "medium", "App started on a modified system"),
    ("permission", "high", "Request for data of another customer refused"),
)
