-- Says “made …” for each thing that was not there yet. Run by PostgreSQL's own account, again at every installation.
SELECT NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wellhouse') AS missing \gset
\if :missing
    CREATE ROLE wellhouse LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
    \echo made the role
\endif

SELECT NOT EXISTS (SELECT FROM pg_database WHERE datname = 'wellhouse') AS missing \gset
\if :missing
    CREATE DATABASE wellhouse OWNER wellhouse TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8';
    \echo made the database
\endif

-- Whoever else has a role here, by whatever later change, gets no further than the door.
SELECT has_database_privilege('public', 'wellhouse', 'CONNECT') AS open \gset
\if :open
    REVOKE ALL ON DATABASE wellhouse FROM PUBLIC;
    \echo made the database private
\endif

SELECT has_database_privilege('wellhouse', 'postgres', 'CONNECT') AS open \gset
\if :open
    REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;
    \echo made the other databases private
\endif
