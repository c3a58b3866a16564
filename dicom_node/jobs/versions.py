"""Jobs that an earlier version of the workflows made: they become jobs of this one, so that an upgrade strands none.

DBOS gives a job only to processes of the job's own version. See docs/decisions/0017-jobs-outlive-versions.md.
"""

import sqlalchemy as sa

from dicom_node.jobs import names

ADOPTED = """
    application_name = :application AND application_version IN :earlier
    AND (status IN ('ENQUEUED', 'DELAYED') OR (status = 'PENDING' AND executor_id = :executor_id))
"""
FORGET_STEPS = """
    DELETE FROM {schema}operation_outputs WHERE workflow_uuid IN (
        SELECT workflow_uuid FROM {schema}workflow_status WHERE {adopted}
    )
"""
"""An adopted job begins anew: what another version recorded of its steps says nothing of this version's."""
ADOPT = "UPDATE {schema}workflow_status SET application_version = :version WHERE {adopted}"


def adopt(engine: sa.Engine, executor_id: str) -> int:
    """Make the waiting and delayed jobs of earlier versions jobs of this one, and say how many. Raises SQLAlchemyError.

    What a living process of an earlier version has in hand stays its own. What executor_id has in hand is adopted: its
    process is gone, or is of this version.
    """
    schema = "" if engine.dialect.name == "sqlite" else "dbos."
    given = {"application": names.APPLICATION, "executor_id": executor_id, "earlier": earlier()}
    with engine.begin() as connection:
        connection.execute(_statement(FORGET_STEPS, schema), given)
        return connection.execute(_statement(ADOPT, schema), given | {"version": names.VERSION}).rowcount


def earlier() -> list[str]:
    """The versions whose jobs this one can run: all before it."""
    return [str(number) for number in range(int(names.VERSION))]


def _statement(text: str, schema: str) -> sa.TextClause:
    filled = sa.text(text.format(schema=schema, adopted=ADOPTED))
    return filled.bindparams(sa.bindparam("earlier", expanding=True, type_=sa.Text()))
