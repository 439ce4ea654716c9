-- A new password or a deactivation ends every session of that user.
CREATE OR REPLACE FUNCTION end_sessions() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
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

-- An inactive user gets no session, whether new or reassigned. A log-in and a deactivation of the same moment queue:
-- otherwise the deactivation could miss a session that is just being made. A lock would not do: a transaction that goes
-- on seeing what was (REPEATABLE READ) misses what was committed since, unless the user's row was written, too.
CREATE OR REPLACE FUNCTION begin_session() RETURNS trigger
LANGUAGE plpgsql SET search_path = public, pg_temp
AS $$
DECLARE
    allowed boolean;
BEGIN
    UPDATE users SET active = active WHERE id = NEW.user_id RETURNING active INTO allowed;
    IF NOT allowed THEN
        RAISE EXCEPTION 'an inactive user cannot have a session'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'sessions_user_active', TABLE = 'sessions';
    END IF;
    RETURN NEW;
END;
$$;

CREATE OR REPLACE TRIGGER sessions_begin
BEFORE INSERT OR UPDATE OF user_id ON sessions
FOR EACH ROW EXECUTE FUNCTION begin_session();
