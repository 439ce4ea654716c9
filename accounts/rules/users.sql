-- E-mails are unique whatever their case.
CREATE UNIQUE INDEX IF NOT EXISTS users_email_key ON users (lower(email));

CREATE OR REPLACE TRIGGER users_touch
BEFORE UPDATE ON users
FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

-- A new password or a deactivation ends every session of that user.
CREATE OR REPLACE FUNCTION end_sessions() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    DELETE FROM sessions WHERE user_id = NEW.id;
    RETURN NULL;
END;
$$;

CREATE OR REPLACE TRIGGER users_end_sessions
AFTER UPDATE ON users
FOR EACH ROW
WHEN (OLD.password IS DISTINCT FROM NEW.password OR (OLD.active AND NOT NEW.active))
EXECUTE FUNCTION end_sessions();

-- Somebody must be left who can let the others in.
CREATE OR REPLACE FUNCTION keep_last_admin() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    -- Two administrators who demote each other at the same moment must see each other's change.
    PERFORM pg_advisory_xact_lock(hashtext('users.last_admin'));
    IF NOT EXISTS (SELECT FROM users WHERE role = 'admin' AND active) THEN
        RAISE EXCEPTION 'the last active administrator cannot be deactivated, demoted or deleted'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'users_last_admin', TABLE = 'users';
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
