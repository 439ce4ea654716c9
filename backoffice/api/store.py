"""Single rows of a table: reads, locks and deletes them."""

from uuid import UUID

from piccolo.querystring import QueryString

from backoffice.api.conditions import Condition
from backoffice.api.resource import Resource
from backoffice.api.selects import row_sql
from backoffice.database.engine import the_engine
from backoffice.problems import Problem


class Store:
    """The rows of one resource.

    :ivar details: what a row shows beside its columns: names, and the SQL of each.
    :ivar row_sql: the query for a whole row, as JSON text, by its id.
    """

    def __init__(self, resource: Resource) -> None:
        self.table = resource.table
        self.tablename = resource.tablename
        self.children = resource.children
        self.details = tuple((name, detail.sql) for name, detail in resource.details.items())
        self.row_sql = row_sql(resource.table, self.details)

    async def read(self, row_id: UUID, *, readable: bool = False) -> str:
        """A whole row as JSON text.

        :raises Problem: not_found.
        """
        row = await the_engine().fetch_value(row_sql(self.table, self.details, readable=readable), row_id)
        if row is None:
            raise Problem("not_found")
        return str(row)

    async def meets(self, row_id: UUID, condition: Condition) -> bool:
        """True when there is such a row, and it meets the condition."""
        sql = f'SELECT FROM "{self.tablename}" WHERE id = {{}} AND {{}}'
        return bool(await the_engine().run_querystring(QueryString(sql, row_id, condition.found)))

    async def lock_with_children(self, row_id: UUID) -> None:
        """Locks the children, then the row; see `Resource.children`. In no order, as a DELETE locks them."""
        if self.children is None:
            return
        table, key = self.children._meta.table._meta.tablename, self.children._meta.name
        children = f'SELECT FROM "{table}" WHERE "{key}" = $1'
        while True:
            await the_engine().run_ddl("SAVEPOINT free")
            locked = await self._count(f"{children} FOR UPDATE", row_id)
            # The lock of a deletion: adding a child takes a weaker one, by the foreign key, and then a stronger one.
            await self._lock(row_id, "UPDATE")
            if await self._count(children, row_id) == locked:
                return
            # Children were added in between. They would be locked after the row: begin again.
            await the_engine().run_ddl("ROLLBACK TO SAVEPOINT free")

    async def _count(self, rows: str, row_id: UUID) -> int:
        return int(await the_engine().fetch_value(f"SELECT count(*) FROM ({rows}) AS counted", row_id))

    async def _lock(self, row_id: UUID, strength: str) -> None:
        await the_engine().fetch_row(f'SELECT FROM "{self.tablename}" WHERE id = $1 FOR {strength}', row_id)

    async def lock(self, row_id: UUID) -> str:
        """Locks the row until the transaction ends; returns it as JSON text.

        :raises Problem: not_found.
        """
        await self._lock(row_id, "NO KEY UPDATE")
        return await self.read(row_id)

    async def delete(self, row_id: UUID) -> None:
        await self.table.delete().where(self.table._meta.primary_key == row_id)
