"""Who may enter which screen.

A view says it with one decorator (`requires`, `signed_in` or `public`); the console's `Gate` middleware enforces it and
refuses a view that says nothing, so a forgotten decorator closes a screen instead of opening it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, PermissionsMixin
from django.http import HttpRequest
from django.urls import resolve, reverse

from cobranza.screens.roles import EVERY_ROLE, Role

__all__ = [
    "EVERY_ROLE", "Access", "Role", "User", "access_of", "actor", "allows", "before_code", "may_open", "public",
    "requires", "roles_of", "signed_in",
]  # fmt: skip

View = TypeVar("View", bound=Callable[..., Any])
User = AbstractBaseUser | AnonymousUser


@dataclass(frozen=True, slots=True)
class Access:
    """What a view asks for.

    Attributes:
        roles: Any of these is enough; empty means that being signed in is enough.
        public: Open to anybody, signed in or not.
        unverified: Reachable with the password alone, before the one-time code (the page that asks for it).
    """

    roles: frozenset[Role] = frozenset()
    public: bool = False
    unverified: bool = False


def requires(*roles: Role) -> Callable[[View], View]:
    """Open a view to people with any of `roles`."""
    if not roles:
        raise ValueError("requires() needs a role; use signed_in for everybody with an account")
    return _mark(Access(roles=frozenset(roles)))


def signed_in(view: View) -> View:
    """Open a view to everybody with an account."""
    return _mark(Access())(view)


def before_code(view: View) -> View:
    """Open a view to somebody who gave the password and not yet the one-time code."""
    return _mark(Access(unverified=True))(view)


def public(view: View) -> View:
    """Open a view to anybody."""
    return _mark(Access(public=True, unverified=True))(view)


def _mark(access: Access) -> Callable[[View], View]:
    def mark(view: View) -> View:
        view.access = access  # type: ignore[attr-defined]
        return view

    return mark


def access_of(view: Callable[..., Any]) -> Access | None:
    """What `view` declared, None when it declared nothing."""
    found = getattr(view, "access", None)
    return found if isinstance(found, Access) else None


def roles_of(user: User) -> frozenset[Role]:
    """The roles of a user, read once per request; a superuser has all."""
    cached = getattr(user, "_cobranza_roles", None)
    if cached is None:
        cached = _read_roles(user)
        user._cobranza_roles = cached  # type: ignore[union-attr]
    return frozenset(cached)


def _read_roles(user: User) -> frozenset[Role]:
    if not isinstance(user, PermissionsMixin) or not user.is_active:
        return frozenset()
    if user.is_superuser:
        return EVERY_ROLE
    names = set(user.groups.values_list("name", flat=True))
    return frozenset(role for role in Role if role.value in names)


def allows(access: Access | None, user: User) -> bool:
    """Whether `user` may enter a view that declared `access`."""
    if access is None:
        return False
    if access.public:
        return True
    if not user.is_authenticated:
        return False
    return not access.roles or bool(access.roles & roles_of(user))


def may_open(user: User, name: str, *args: object) -> bool:
    """Whether `user` may enter the screen with URL name `name`; menus and buttons ask this."""
    return allows(access_of(resolve(reverse(name, args=args)).func), user)


def actor(request: HttpRequest) -> str:
    """The name that goes into the ledger for what this request does."""
    user = request.user
    return user.get_username() if user.is_authenticated else "anónimo"
