/**
 * The functions that people's SQL may call: those of SQLite's core, of dates, mathematics, aggregates, windows and JSON
 * that compute from what they are given. None reads files, settings or the store's inside, and none makes code.
 */
export const ALLOWED_FUNCTIONS: ReadonlySet<string> = new Set(
  `abs char coalesce concat concat_ws format glob hex if ifnull iif instr last_value length like likelihood likely lower
   ltrim max min nullif octet_length printf quote random replace round rtrim sign soundex substr substring trim typeof
   unhex unicode unistr unistr_quote unlikely upper zeroblob randomblob
   date time datetime julianday unixepoch strftime timediff current_date current_time current_timestamp
   acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor ln log log10 log2 mod pi pow power
   radians sin sinh sqrt tan tanh trunc
   avg count group_concat string_agg sum total median percentile percentile_cont percentile_disc
   row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value nth_value
   json json_array json_array_length json_error_position json_extract json_insert json_object json_patch json_pretty
   json_quote json_remove json_replace json_set json_type json_valid json_group_array json_group_object -> ->>
   jsonb jsonb_array jsonb_extract jsonb_object json_array_insert
   forge_moment forge_decimal`.split(/\s+/),
);

/** Tables that a function makes of its arguments. */
export const ALLOWED_TABLE_FUNCTIONS: ReadonlySet<string> = new Set(['json_each', 'json_tree']);
