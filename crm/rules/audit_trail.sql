-- What becomes of customers, products and pre-sales stands in the audit trail, see backoffice/rules/audit_trail.sql.
-- No column is secret. What the database computes follows from what else stands there.

CREATE OR REPLACE TRIGGER customers_record_created
AFTER INSERT ON customers REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_created('name');

CREATE OR REPLACE TRIGGER customers_record_changed
AFTER UPDATE ON customers REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_changed('name', '{}', '{updated_at}');

CREATE OR REPLACE TRIGGER customers_record_deleted
AFTER DELETE ON customers REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_deleted('name', '{}');

CREATE OR REPLACE TRIGGER customers_record_truncated
BEFORE TRUNCATE ON customers
FOR EACH STATEMENT EXECUTE FUNCTION record_truncated('name', '{}');

CREATE OR REPLACE TRIGGER products_record_created
AFTER INSERT ON products REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_created('name');

CREATE OR REPLACE TRIGGER products_record_changed
AFTER UPDATE ON products REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_changed('name', '{}', '{updated_at}');

CREATE OR REPLACE TRIGGER products_record_deleted
AFTER DELETE ON products REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_deleted('name', '{}');

CREATE OR REPLACE TRIGGER products_record_truncated
BEFORE TRUNCATE ON products
FOR EACH STATEMENT EXECUTE FUNCTION record_truncated('name', '{}');

CREATE OR REPLACE TRIGGER presales_record_created
AFTER INSERT ON presales REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_created('number');

CREATE OR REPLACE TRIGGER presales_record_changed
AFTER UPDATE ON presales REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_changed('number', '{}', '{total,updated_at}');

CREATE OR REPLACE TRIGGER presales_record_deleted
AFTER DELETE ON presales REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_deleted('number', '{}');

CREATE OR REPLACE TRIGGER presales_record_truncated
BEFORE TRUNCATE ON presales
FOR EACH STATEMENT EXECUTE FUNCTION record_truncated('number', '{}');

CREATE OR REPLACE TRIGGER presale_items_record_created
AFTER INSERT ON presale_items REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_created('presale_id');

CREATE OR REPLACE TRIGGER presale_items_record_changed
AFTER UPDATE ON presale_items REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_changed('presale_id', '{}', '{total_price}');

CREATE OR REPLACE TRIGGER presale_items_record_deleted
AFTER DELETE ON presale_items REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION record_deleted('presale_id', '{}');

CREATE OR REPLACE TRIGGER presale_items_record_truncated
BEFORE TRUNCATE ON presale_items
FOR EACH STATEMENT EXECUTE FUNCTION record_truncated('presale_id', '{}');
