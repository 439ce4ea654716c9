-- updated_at is the database's: it moves with every change of a row, and with nothing else.
CREATE OR REPLACE FUNCTION touch_updated_at() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    NEW.updated_at := OLD.updated_at;
    IF NEW IS DISTINCT FROM OLD THEN
        -- Not now(): that is when the transaction began, which may be before another's later change.
        NEW.updated_at := clock_timestamp();
    END IF;
    RETURN NEW;
END;
$$;
