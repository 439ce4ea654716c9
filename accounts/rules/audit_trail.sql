-- What becomes of users stands in the audit trail, but of their passwords only that they changed.
CREATE OR REPLACE TRIGGER users_record_created
AFTER INSERT ON users REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_created('name');

CREATE OR REPLACE TRIGGER users_record_changed
AFTER UPDATE ON users REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_changed('name', '{password}', '{updated_at}');

CREATE OR REPLACE TRIGGER users_record_deleted
AFTER DELETE ON users REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_deleted('name', '{password}');

CREATE OR REPLACE TRIGGER users_record_truncated
BEFORE TRUNCATE ON users
FOR EACH STATEMENT EXECUTE FUNCTION record_truncated('name', '{password}');
