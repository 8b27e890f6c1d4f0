-- Values of the user types; $texts stands for the array of texts.sql.
SELECT unnest(enum_range(NULL::mood));
SELECT enum_range(NULL::mood);
SELECT enum_range(NULL::mood)::feeling[];
SELECT 7::age;
SELECT 7::years;
SELECT ARRAY[7, NULL]::years[];
SELECT '{"a b",NULL,c}'::words;
SELECT ARRAY['{"a b",NULL,c}', '{}', NULL]::words[];
SELECT 'sad'::feeling;
SELECT (1, t, 'o,k')::pair FROM unnest($texts) t;
SELECT array_agg((1, t, 'very "happy"')::pair) FROM unnest($texts) t;
SELECT ARRAY[[(NULL, NULL, NULL)], [NULL]]::pair[];
SELECT (1, 'x', NULL)::pair::pairing;
SELECT ((1, t, ''), ARRAY[(2, t, NULL), NULL]::pair[], hstore(t, t), ARRAY[t], (3, t, 'NULL')::pair, 4)
    ::"odd Schema"."Nested" FROM unnest($texts) t WHERE t IS NOT NULL;
SELECT ARRAY[((1, t, ''), ARRAY[(2, t, NULL), NULL]::pair[], hstore(t, NULL), ARRAY[t], NULL, NULL)]
    ::"odd Schema"."Nested"[] FROM unnest($texts) t WHERE t IS NOT NULL;
SELECT ROW()::nothing;
SELECT (1, ROW())::holder;
SELECT unnest(ARRAY[span('A', 'Z'), span('', ' a', '[]'), span('("', '\]', '(]'), 'empty', '(,)']);
SELECT ARRAY[span('A', 'Z'), NULL, span('', ' a', '[]')]::short[];
SELECT pairs((1, 'a"', 'sad')::pair, (1, 'b,', 'sad')::pair);
SELECT hstore($texts[1:25], $texts[2:26]) || hstore('k', NULL);
SELECT unnest(ARRAY['ÀbC', '', NULL, 'a"b']::citext[] || NULL);
SELECT span_multirange(span('A', 'C'), span('D', 'é "', '[]'));
SELECT ARRAY[span_multirange(span('A', 'C'), span('D', 'x y')), NULL];
SELECT ARRAY[''::hstore, hstore('a', '"'), NULL];
SELECT ARRAY[['a', 'B'], [NULL, 'NULL']]::citext[];
SELECT pairs_multirange(pairs((1, 'a"', 'sad')::pair, (1, 'b,', 'sad')::pair));
