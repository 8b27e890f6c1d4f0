-- What elements have to be quoted for, and what not: an array.
ARRAY['', ' ', 'NULL', 'null', 'nUlL', 'nulls', '"', '\', '\\""', ',', ';', '{',
    '}', '(', ')', '[', ']', E'\t', E'\n', E'\r', E'\v', E'\f', E'\x01', U&'é \0085\00a0', 'a b', 'a''b', NULL]
