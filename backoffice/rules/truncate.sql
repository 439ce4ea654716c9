-- TRUNCATE takes all rows, also those that an older snapshot does not show: who looks whether any must stay has to see
-- them.
CREATE OR REPLACE FUNCTION require_read_committed() RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'TRUNCATE is refused at isolation level %', current_setting('transaction_isolation')
            USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'Use READ COMMITTED.';
    END IF;
END;
$$;
