"""The only place with SQL and Redis: tables, migrations, lanes, projections."""
