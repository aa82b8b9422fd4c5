"""Whatever a page can do, a mini program, Android, iOS and Windows can do: each act of the pages has its operation."""

from __future__ import annotations

from kit.http import HttpEntrypoint
from services.gateway.api.operations import OPERATIONS, PREFIX
from services.gateway.service import GatewayService

_CLIENTS_OWN = "a client's own: it has no pages"

ACTS: dict[tuple[str, str], tuple[str, ...] | str] = {
    ("POST", "/account/deletion"): ("request_deletion",),
    ("POST", "/account/deletion/cancel"): ("cancel_deletion",),
    ("POST", "/account/export"): ("export_account",),
    ("POST", "/account/reminders/wechat"): ("wish_wechat",),
    ("POST", "/account/sessions/<session_id>/end"): ("end_session",),
    ("POST", "/account/sessions/others"): ("end_other_sessions",),
    ("POST", "/agreements"): ("sign_agreement",),
    ("POST", "/agreements/<agreement_id>/cancellation"): ("cancel_agreement",),
    ("POST", "/agreements/new/account"): ("list_banks", "prepare_agreement"),
    ("POST", "/agreements/new/authority"): ("sign_agreement",),
    ("POST", "/agreements/new"): ("list_consent_texts", "give_account_consent"),
    ("POST", "/batches"): ("create_batch",),
    ("POST", "/batches/<batch_id>/asking"): ("ask_again",),
    ("POST", "/batches/<batch_id>/check"): ("show_batch",),
    ("POST", "/batches/<batch_id>/lines/<line_id>"): ("list_tiers_of_line", "choose_for_line"),
    ("POST", "/batches/<batch_id>/lines/<line_id>/removal"): ("remove_line",),
    ("POST", "/batches/<batch_id>/payment"): ("place_batch_order",),
    ("POST", "/batches/<batch_id>/people"): ("add_people",),
    ("POST", "/batches/<batch_id>/people/new"): ("add_people",),
    ("POST", "/batches/<batch_id>/terms"): ("choose_terms",),
    ("POST", "/cards/<purpose>"): ("read_card", "begin_card_reading", "show_card_reading"),
    ("POST", "/certificates"): ("issue_certificate",),
    ("POST", "/certificates/<certificate_id>/replacement"): ("replace_certificate",),
    ("POST", "/check"): ("check_certificate",),
    ("POST", "/check/file"): ("check_file",),
    ("POST", "/contributions"): ("list_contributions",),
    ("POST", "/declarations/<record_id>/void"): ("list_declarations", "void_declaration", "check_voiding"),
    ("POST", "/household/<member_id>"): ("get_member", "edit_member"),
    ("POST", "/household/<member_id>/removal"): ("remove_member",),
    ("POST", "/household/new"): ("add_member",),
    ("POST", "/insured"): ("find_enrolment",),
    ("POST", "/insured/<relation_id>/removal"): ("remove_relation",),
    ("POST", "/insured/picked"): ("list_insured", "find_enrolment"),
    ("POST", "/journeys"): ("find_enrolment",),
    ("POST", "/journeys/<journey_id>/agency"): ("quote_payable", "quote_back_payment"),
    ("POST", "/journeys/<journey_id>/check"): ("show_quote",),
    ("POST", "/journeys/<journey_id>/choice"): ("quote_payable",),
    ("POST", "/journeys/<journey_id>/confirmation"): ("quote_payable",),
    ("POST", "/journeys/<journey_id>/kind"): ("quote_payable", "quote_back_payment"),
    ("POST", "/journeys/<journey_id>/payer"): ("find_enrolment", "show_enrolment"),
    ("POST", "/journeys/<journey_id>/payment"): ("place_order",),
    ("POST", "/journeys/<journey_id>/selection"): ("list_tiers", "quote_payable"),
    ("POST", "/login"): ("request_login_code", "open_session"),
    ("POST", "/login/anew"): ("request_login_code", "open_session"),
    ("POST", "/login/code"): ("request_login_code",),
    ("POST", "/logout"): ("close_session",),
    ("POST", "/orders/<order_id>/batch"): ("start_batch_again",),
    ("POST", "/orders/<order_id>/close"): ("close_order",),
    ("POST", "/orders/<order_id>/payment"): ("resume_payment",),
    ("POST", "/schools/<school_id>/link"): ("make_school_link",),
    ("POST", "/schools/<school_id>/roll"): ("submit_roll",),
    ("POST", "/text-size"): _CLIENTS_OWN,
}
"""What is pressed on a page, and the operations that do it."""

SHOWN: dict[tuple[str, str], tuple[str, ...] | str] = {
    ("GET", "/"): ("open_visitor_session",),
    ("GET", "/wechat/callback"): ("open_visitor_session",),
    ("GET", "/account"): ("get_account",),
    ("GET", "/account/consents"): ("list_consents",),
    ("GET", "/account/deletion"): ("get_account",),
    ("GET", "/account/export"): ("export_account",),
    ("GET", "/account/reminders"): ("list_reminders",),
    ("GET", "/account/sessions"): ("list_sessions",),
    ("GET", "/agreements"): ("list_agreements",),
    ("GET", "/agreements/<agreement_id>"): ("get_agreement",),
    ("GET", "/certificates"): ("list_certificates", "list_schools"),
    ("GET", "/certificates/<certificate_id>"): ("get_certificate",),
    ("GET", "/certificates/<certificate_id>/file"): ("get_certificate_file",),
    ("GET", "/certificates/<certificate_id>/link"): ("get_certificate_file",),
    ("GET", "/downloads/<token>"): "what a link of ours brings: programs ask for the files themselves",
    ("GET", "/certificates/<certificate_id>/pages/<int:page>"): ("show_certificate_page",),
    ("GET", "/contributions/people"): ("list_insured",),
    ("GET", "/contributions/result"): ("list_contributions",),
    ("GET", "/declarations"): ("list_declarations",),
    ("GET", "/declarations/<record_id>"): ("check_voiding",),
    ("GET", "/household"): ("list_members",),
    ("GET", "/insured"): ("list_insured", "list_divisions"),
    ("GET", "/journeys/<journey_id>/enrolment"): ("show_enrolment",),
    ("GET", "/journeys/<journey_id>/quote"): ("show_quote",),
    ("GET", "/menu"): ("show_unfinished", "list_orders"),
    ("GET", "/orders"): ("list_orders",),
    ("GET", "/orders/<order_id>"): ("get_order", "check_order"),
    ("GET", "/orders/<order_id>/reminder"): ("get_order",),
    ("GET", "/paid-for-others"): ("list_paid_for_others", "total_paid_for_others"),
    ("GET", "/paid-for-others/table.<extension>"): ("download_paid_for_others",),
    ("GET", "/paid-for-others/link"): ("download_paid_for_others",),
    ("GET", "/account/export/link"): ("export_account",),
    ("GET", "/school-links/<token>"): ("read_school_link",),
    ("GET", "/schools"): ("list_schools", "list_school_batches"),
    ("GET", "/schools/batches/<batch_id>"): ("get_school_batch", "list_school_students"),
    ("GET", "/schools/batches/<batch_id>/zip"): ("download_school_batch",),
    ("GET", "/standards"): ("find_standards",),
}
"""What is read on a page that is no form for an act, and the operations that tell it."""

_FORM_OF = (
    "/agreements/<agreement_id>/cancellation", "/agreements/new",
    "/certificates/new", "/certificates/<certificate_id>/replacement", "/check", "/contributions",
    "/declarations/<record_id>/void", "/household/<member_id>", "/household/<member_id>/removal", "/household/new",
    "/insured/<relation_id>/removal", "/login", "/login/anew", "/login/code", "/cards/<purpose>",
    "/schools/<school_id>/link", "/schools/<school_id>/roll", "/journeys/<journey_id>", "/batches/<batch_id>",
)  # fmt: skip
"""Forms, and where the parts of a journey lead: their acts are above."""

_NO_PAGES = ("/static/", "/held-photos/", "/<path:unknown>", PREFIX)


def _page_routes() -> set[tuple[str, str]]:
    entrypoints = (
        entrypoint
        for name in dir(GatewayService)
        for entrypoint in getattr(getattr(GatewayService, name), "nameko_entrypoints", ())
    )
    return {
        (entrypoint.method, entrypoint.url)
        for entrypoint in entrypoints
        if isinstance(entrypoint, HttpEntrypoint) and not entrypoint.url.startswith(_NO_PAGES)
    }


def test_every_act_of_the_pages_has_its_operations() -> None:
    acts = {route for route in _page_routes() if route[0] == "POST"}
    assert acts == set(ACTS), "give a new act its operation in routes/api, and name both here"


def test_everything_shown_can_be_asked_for() -> None:
    pages = {route for route in _page_routes() if route[0] == "GET"}
    forms = {route for route in pages if route[1].startswith(_FORM_OF)} - set(SHOWN)
    assert pages - forms == set(SHOWN), "say which operation tells what a new page shows"


def test_the_operations_named_exist_and_none_is_left_out() -> None:
    named = {
        name for names in (*ACTS.values(), *SHOWN.values()) if isinstance(names, tuple) for name in names
    }
    assert named <= {operation.name for operation in OPERATIONS}
