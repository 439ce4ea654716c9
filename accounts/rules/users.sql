-- E-mails are unique whatever their case.
CREATE UNIQUE INDEX IF NOT EXISTS users_email_key ON users (caseless(email));

CREATE OR REPLACE TRIGGER users_touch
BEFORE UPDATE ON users
FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

-- Somebody must be left who can let the others in.
CREATE OR REPLACE FUNCTION keep_last_admin() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    -- Two administrators who demote each other at the same moment must see each other's change.
    PERFORM pg_advisory_xact_lock(hashtext('users.last_admin'));
    IF NOT EXISTS (SELECT FROM users WHERE role = 'admin' AND active) THEN
        RAISE EXCEPTION 'the last active administrator cannot be deactivated, demoted or deleted'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'users_last_admin', TABLE = 'users';
    END IF;
    IF current_setting('transaction_isolation') = 'read committed' THEN
        RETURN NULL;
    END IF;
    -- Others go on seeing what was. But a row that has changed since they cannot lock, and one that they lock stays.
    PERFORM FROM users WHERE role = 'admin' AND active LIMIT 1 FOR SHARE SKIP LOCKED;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'another administrator is just being changed' USING ERRCODE = 'serialization_failure';
    END IF;
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER users_keep_last_admin
AFTER UPDATE ON users
FOR EACH ROW
WHEN (OLD.role = 'admin' AND OLD.active AND NOT (NEW.role = 'admin' AND NEW.active))
EXECUTE FUNCTION keep_last_admin();

CREATE OR REPLACE TRIGGER users_keep_last_admin_on_delete
AFTER DELETE ON users
FOR EACH ROW
WHEN (OLD.role = 'admin' AND OLD.active)
EXECUTE FUNCTION keep_last_admin();

-- TRUNCATE takes everybody, so it is refused before it does, while there is an administrator to lose.
CREATE OR REPLACE FUNCTION refuse_user_truncate() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
BEGIN
    PERFORM require_read_committed();
    IF EXISTS (SELECT FROM users WHERE role = 'admin' AND active) THEN
        RAISE EXCEPTION 'the last active administrator cannot be deleted'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'users_last_admin', TABLE = 'users';
    END IF;
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER users_refuse_truncate
BEFORE TRUNCATE ON users
FOR EACH STATEMENT EXECUTE FUNCTION refuse_user_truncate();
