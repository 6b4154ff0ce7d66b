"""People with an account: made here for the command line, the demo and the tests."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import Group, User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction

from cobranza.kernel.errors import BusinessError
from cobranza.screens.access import Role

_PASSWORD_BYTES = 12


class UserError(BusinessError):
    """An account that cannot be made or changed as asked."""

    code = "COB-USU-001"
    remedy = "Revise el nombre con «cobranza users list»."


class WeakPassword(BusinessError):
    """A password that is too easy to guess."""

    code = "COB-USU-002"
    remedy = "Elija una clave de 10 o más caracteres que no sea una palabra corriente ni se parezca al nombre."


def roles_named(names: Iterable[str]) -> frozenset[Role]:
    """The roles that a person wrote, with or without accents; raises `UserError`."""
    known = {_flat(role.value): role for role in Role}
    found = set()
    for name in names:
        role = known.get(_flat(name))
        if role is None:
            allowed = ", ".join(role.value for role in Role)
            raise UserError(f"No existe el perfil «{name}».", remedy=f"Use uno de estos: {allowed}.")
        found.add(role)
    return frozenset(found)


def create(username: str, roles: Iterable[Role], password: str | None = None, *, superuser: bool = False) -> str:
    """Make an account.

    Args:
        username: Name to sign in with, unique whatever its case.
        roles: What the person does.
        password: Checked against the password rules; None to invent one.
        superuser: Every role, and the only account that may do everything.

    Returns:
        The password, so that an invented one can be told once.

    Raises:
        UserError: the name is taken or not a name.
        WeakPassword: the password breaks a rule.
    """
    user = User(username=username, is_superuser=superuser, is_staff=superuser)
    chosen = password if password is not None else secrets.token_urlsafe(_PASSWORD_BYTES)
    _check_password(chosen, user)
    user.set_password(chosen)
    try:
        user.full_clean()
    except ValidationError as exc:
        raise UserError(f"«{username}»: {' '.join(exc.messages)}") from exc
    if User.objects.filter(username__iexact=username).exists():
        raise UserError(f"Ya existe una cuenta «{username}».")
    with transaction.atomic():
        user.save()
        user.groups.set([Group.objects.get_or_create(name=role.value)[0] for role in roles])
    return chosen


def exist() -> bool:
    """Whether anybody has an account."""
    return User.objects.exists()


def create_first_user(username: str, password: str | None = None) -> str | None:
    """Make the account that can do everything, unless some account exists already.

    Returns:
        Its password; None when nothing was made.
    """
    if exist():
        return None
    return create(username, Role, password, superuser=True)


def create_demo_users(password: str | None = None) -> dict[str, str]:
    """One account per role for the demo, named after what it does; existing ones are left alone.

    Args:
        password: For all of them; None to invent one for each.

    Returns:
        Passwords of the accounts made now, by user name.
    """
    made = {}
    for role in Role:
        name = _flat(role.value)
        if not User.objects.filter(username=name).exists():
            made[name] = create(name, [role], password)
    return made


def set_password(username: str, password: str | None = None) -> str:
    """Give an account a new password and return it; raises `UserError`, `WeakPassword`."""
    user = _named(username)
    chosen = password if password is not None else secrets.token_urlsafe(_PASSWORD_BYTES)
    _check_password(chosen, user)
    user.set_password(chosen)
    user.save(update_fields=["password"])
    return chosen


def set_roles(username: str, roles: Iterable[Role]) -> None:
    """Replace the roles of an account; raises `UserError`."""
    groups = [Group.objects.get_or_create(name=role.value)[0] for role in roles]
    _named(username).groups.set(groups)


def reset_second_step(username: str) -> bool:
    """Take away the authenticator of somebody who lost the phone; whether there was one. Raises `UserError`."""
    from django_otp.plugins.otp_totp.models import TOTPDevice

    deleted, _ = TOTPDevice.objects.filter(user=_named(username)).delete()
    return bool(deleted)


def listing() -> list[dict[str, Any]]:
    """Every account, as the command line prints it with ``--json``; keys are stable."""
    from django_otp.plugins.otp_totp.models import TOTPDevice

    protected = set(TOTPDevice.objects.filter(confirmed=True).values_list("user_id", flat=True))
    return [
        {
            "name": user.username,
            "roles": sorted(group.name for group in user.groups.all()),
            "superuser": user.is_superuser,
            "active": user.is_active,
            "second_step": user.pk in protected,
            "last_login": user.last_login.isoformat() if user.last_login else None,
        }
        for user in User.objects.prefetch_related("groups").order_by("username")
    ]


def _named(username: str) -> User:
    user = User.objects.filter(username__iexact=username).first()
    if user is None:
        raise UserError(f"No existe la cuenta «{username}».")
    return user


def _check_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as exc:
        raise WeakPassword(" ".join(exc.messages)) from exc


def _flat(text: str) -> str:
    return text.strip().lower().translate(str.maketrans("áéíóú", "aeiou"))
