-- Types of which the binary form is an OID and the text a name.

-- @type regproc
SELECT 'pg_backend_pid'::regproc;
-- @type regprocedure
SELECT 'abs(int)'::regprocedure;
-- @type regoper
SELECT '|/'::regoper;
-- @type regoperator
SELECT '+(int,int)'::regoperator;
-- @type regclass
SELECT 'pg_class'::regclass;
-- @type regtype
SELECT 'timestamptz'::regtype;
-- @type regconfig
SELECT 'simple'::regconfig;
-- @type regdictionary
SELECT 'simple'::regdictionary;
-- @type regnamespace
SELECT 'pg_catalog'::regnamespace;
-- @type regrole
SELECT 'postgres'::regrole;
-- @type regcollation
SELECT '"C"'::regcollation;
