-- User types of every kind, in each other.
SET search_path = public;
CREATE EXTENSION hstore; CREATE EXTENSION citext;
CREATE SCHEMA "odd Schema";
CREATE TYPE mood AS ENUM ('sad', 'o,k', 'very "happy"', '', 'NULL');
CREATE DOMAIN age AS int CHECK (value > 0);
CREATE DOMAIN years AS age;
CREATE DOMAIN words AS text[];
CREATE DOMAIN feeling AS mood;
CREATE TYPE pair AS (a int, "B b" text, c mood);
CREATE DOMAIN pairing AS pair;
CREATE TYPE "odd Schema"."Nested" AS (p pair, ps pair[], h hstore, w words, d pairing, y years);
CREATE TYPE nothing AS ();
CREATE TYPE span AS RANGE (subtype = text);
CREATE TYPE pairs AS RANGE (subtype = pair);
CREATE DOMAIN short AS span;
CREATE TABLE holder (x years, y nothing); CREATE TABLE held (holder holder);
