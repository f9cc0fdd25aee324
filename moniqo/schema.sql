-- What the migrations make of an empty database. Written by `make schema`; a test compares it with the migrations.
-- After a change of migrations, or a conflict in this file, run `make schema` again: it is never edited by hand.
-- migration admin 0001_initial -
-- migration admin 0002_logentry_remove_auto_add -
-- migration admin 0003_logentry_add_action_flag_choices -
-- migration alerts 0001_initial 6817461c5a7c4692
-- migration alerts 0002_initial 9cb0131554d0292b
-- migration alerts 0003_policies 1195488f76ea2d9d
-- migration alerts 0004_task_failures c4085fef848568f2
-- migration alerts 0005_inbox f63e080e54039295
-- migration alerts 0006_channels fa820dbbea030c2e
-- migration alerts 0007_digests 291fe76919c8ad23
-- migration alerts 0008_links a1f2e58e75c89603
-- migration alerts 0009_what_was_told 77063551182ddfee
-- migration approvals 0001_initial 4f86d16945c520d9
-- migration approvals 0002_policies aecce5deeee3010b
-- migration audit 0001_audit_log 2bbdf7dd5623f0b9
-- migration audit 0002_trading_area 6b4927ccb03357dd
-- migration audit 0003_months fafaf19a2f3b345d
-- migration audit 0004_call 05eba6fb7a3afa95
-- migration audit 0005_calls_by_months 33e7f2e625ae8673
-- migration audit 0006_adviser e908bb514f441f24
-- migration auth 0001_initial -
-- migration auth 0002_alter_permission_name_max_length -
-- migration auth 0003_alter_user_email_max_length -
-- migration auth 0004_alter_user_username_opts -
-- migration auth 0005_alter_user_last_login_null -
-- migration auth 0006_require_contenttypes_0002 -
-- migration auth 0007_alter_validators_add_error_messages -
-- migration auth 0008_alter_user_username_max_length -
-- migration auth 0009_alter_user_last_name_max_length -
-- migration auth 0010_alter_group_name_max_length -
-- migration auth 0011_update_proxy_permissions -
-- migration auth 0012_alter_user_first_name_max_length -
-- migration axes 0001_initial -
-- migration axes 0002_auto_20151217_2044 -
-- migration axes 0003_auto_20160322_0929 -
-- migration axes 0004_auto_20181024_1538 -
-- migration axes 0005_remove_accessattempt_trusted -
-- migration axes 0006_remove_accesslog_trusted -
-- migration axes 0007_alter_accessattempt_unique_together -
-- migration axes 0008_accessfailurelog -
-- migration axes 0009_add_session_hash -
-- migration axes 0010_accessattemptexpiration -
-- migration contenttypes 0001_initial -
-- migration contenttypes 0002_remove_content_type_name -
-- migration farms 0001_initial b079addec6c57bf7
-- migration farms 0002_policies 53a342d2d0cb7f4a
-- migration farms 0003_histories ca12648d97d353aa
-- migration farms 0004_newest_runs_first 0924ac13100e9c52
-- migration farms 0005_restored 75c6bd6030c6ede5
-- migration farms 0006_old_holds_may_go c8877eda31833380
-- migration farms 0007_where_agents_were 500327cda6e1f1ba
-- migration farms 0008_bars_of_agents 186460c764f048cd
-- migration farms 0009_laboratory ba017e91fc9dbcbb
-- migration farms 0010_runs_by_months b5428720ce01660e
-- migration farms 0011_leverage c30f487f2ced1191
-- migration farms 0012_saved_strategies d0f95599b86819b2
-- migration farms 0013_sweeps 0f3cd36bc9a3b29f
-- migration farms 0014_downloads dd9bf15ac56aea72
-- migration farms 0015_kinds_restrict 1524c3aca228214b
-- migration farms 0016_policies_of_farms 256f6d1b4f9d9a83
-- migration farms 0017_farms_net 1b654313c55e3ba3
-- migration farms 0018_moves f5b39dc1ebf0d86f
-- migration farms 0019_promotions 755f244c1eacb38a
-- migration farms 0020_archived_strategies ff984258f8f3e275
-- migration farms 0021_advice_endpoints a5eb8ab509d7d1d4
-- migration farms 0022_advice 52169f198d929d3b
-- migration farms 0023_advice_is_of_numbers 4312fe5362212bb9
-- migration farms 0024_adviser 2dfceb5bc328d955
-- migration farms 0025_judged_from_the_first_price e49f11f79cee122f
-- migration farms 0026_watched 6e89d32a7482469a
-- migration farms 0027_demo_model d7807f849f7bd2a5
-- migration farms 0028_where_agents_stood 8f16afdac64121aa
-- migration goals 0001_initial de8001902a1c1e15
-- migration goals 0002_policies c2ee74a7b5f317db
-- migration goals 0003_requests_once 8b6890d29e8a2bc6
-- migration goals 0004_what_each_comparison_ended_with fb8d7f7e348869a5
-- migration goals 0005_extended cf4b2b3402c13c42
-- migration goals 0006_holds_stand_at_wallets 128457c9705eed4d
-- migration goals 0007_what_was_reached 33c1c48858b96706
-- migration markets 0001_initial 7c30d6b2cbf0f279
-- migration markets 0002_prices e567b76f331a296c
-- migration markets 0003_derivatives 6d14cdbd7de3a7c5
-- migration markets 0004_extremes 1498ec9333aeb73d
-- migration markets 0005_perpetuals 9f033bd426036ee5
-- migration markets 0006_kept_series 0ce8bf75df6380b7
-- migration markets 0007_regimes 216343d358c73a0d
-- migration portfolio 0001_initial 85ffc6d65853d434
-- migration portfolio 0002_policies 642724c6ea5dd7cc
-- migration portfolio 0003_scene_of_a_history 2bbcf98d3e2f2348
-- migration portfolio 0004_prices afea20a9102bc1ca
-- migration portfolio 0005_allocation_plans 794de9839d511e67
-- migration portfolio 0006_exposure_limits 28dae2642eb6cbf2
-- migration portfolio 0007_hours b012446bc72c055e
-- migration portfolio 0008_corrections 438c1131d6e03dae
-- migration portfolio 0009_holds_stand_at_wallets 0196bae87bc9c51b
-- migration portfolio 0010_restate 7598c0ca7a8ab8a7
-- migration portfolio 0011_rebalancing 86c3a35686254017
-- migration portfolio 0012_funding ce3f34213146923e
-- migration portfolio 0013_what_it_was_worth fb0d29f9b3d8d288
-- migration portfolio 0014_extremes_stay 255dcc5fdb2d4aa6
-- migration portfolio 0015_months_of_every_table b9bcaa27c7ed89cd
-- migration portfolio 0016_parts_stay 293c39ba1bb96803
-- migration portfolio 0017_what_adds_up_stays 46074fe7bf918b60
-- migration portfolio 0018_what_scopes_write 2c7777fa7dc25af2
-- migration portfolio 0019_earned_elsewhere b4ff03b3f06e4532
-- migration portfolio 0020_stays 0e0c9412f0669973
-- migration portfolio 0021_who_stood_below d16c68a97024a796
-- migration portfolio 0022_where_they_stood 0fa7b796f75cbf03
-- migration sessions 0001_initial -
-- migration trading 0001_initial 84a7f45d32af53d9
-- migration trading 0002_policies 4b4cf0cdeea88d02
-- migration trading 0003_guards 89849037b026b36b
-- migration trading 0004_sums_of_closed_trades 4d8724901568ca16
-- migration trading 0005_functions 361fb8b94755f471
-- migration trading 0006_newest_first 2b18e33a22b1eebe
-- migration trading 0007_orders_remember_the_request ed3b30d1fca57323
-- migration trading 0008_sums_of_a_period 44d29d77c0f17e87
-- migration trading 0009_refused_orders a4394e158b9a7a68
-- migration trading 0010_trades_of_spans b65d0a4a5aa97ae4
-- migration trading 0011_sorted_by_an_index 3a93e3cc788cec20
-- migration trading 0012_daily_loss 91b32bb85d267eac
-- migration trading 0013_written_for_cursors fa922a837ffba109
-- migration trading 0014_fills_and_trades_of_an_owner c5970b5919e4cf01
-- migration trading 0015_more_limits 9db9b64d3486a97a
-- migration trading 0016_stops ede46b5e887bcbb8
-- migration trading 0017_ai_state 1e762150716a7eb9
-- migration trading 0018_what_was_stopped 5c6362d3b922526d
-- migration trading 0019_trade_sums_of_spans 4415ddb835c5b410
-- migration trading 0020_limit_orders 4a5bc0d96bd3fd85
-- migration trading 0021_amendments ee9d78aec58888f4
-- migration trading 0022_triggers 878f77bd4cff616d
-- migration trading 0023_distance_and_rate 080ba3a63af66163
-- migration trading 0024_protections 0bb57f4f80fda7af
-- migration trading 0025_held_totals 3ad13f183522ca3a
-- migration trading 0026_many_cancelled_at_once aacdc2382dfd8d3c
-- migration trading 0027_external_orders 9d3f1158d0823fb1
-- migration trading 0028_one_cancels_the_other a88de4a95f023c25
-- migration trading 0029_log_of_orders_by_months 1e526a4ba13b5d29
-- migration trading 0030_perpetuals a35365318f1fc288
-- migration trading 0031_changed_at_the_venue d3c8d03c1f0914e0
-- migration trading 0032_room_for_trails e59a8e529fab8088
-- migration trading 0033_what_scopes_write 3e887397bde83de2
-- migration trading 0034_crossed_inside 2476f65a375203ed
-- migration trading 0035_correlated 4865d13fc15e6203
-- migration trading 0036_slices 40165002ca0dd9f5
-- migration trading 0037_adviser 9372861b4a7fb3e1
-- migration trading 0038_where_they_closed 7493e8e7898768e0
-- migration trading 0039_closed_where_it_stood c683555aaae8c064
-- migration trading 0040_fewer_indexes bb4231fbe040b136
-- migration trading 0041_shortfalls bc2167429d504b73
-- migration users 0001_initial 9cbd7fb492595488
-- migration users 0002_tokens a9402e2e329db9d8
-- migration users 0003_two_factor ff81671d742e434e
-- migration users 0004_second_factors_under_aes 1beaaa6b20c7a50a
-- migration users 0005_bound_tokens fcb55e2cb33bb3bf
-- migration users 0006_operators_and_hashes 00d16b25ffcb152d
-- migration users 0007_capitals_of_an_address ef67fb893576b3bc
-- migration users 0008_what_scopes_write 3bfca214d234909a
-- migration users 0009_tokens_that_ask_first e6a2c84696dcb229
-- migration wallets 0001_initial bb078e3d3523a707
-- migration wallets 0002_policies 8abef364998ea17e
-- migration wallets 0003_ledger 044555b94654a4e7
-- migration wallets 0005_rehearsing_connections 3919d11fd5c8ec4e
-- migration wallets 0006_hierarchy_functions 5d105f4b8bdee451
-- migration wallets 0007_connections_active_since 4d0ecb64a6a04c72
-- migration wallets 0008_connections_as_others_see_them 06b5ad0ef2be82bc
-- migration wallets 0009_reserves 9330c73cd22f2b1f
-- migration wallets 0010_platforms 276b50182966d82b
-- migration wallets 0011_credentials_under_aes 5ce1604897c291b6
-- migration wallets 0012_archived_wallets e7372b4011657b1c
-- migration wallets 0013_waiting 0d5c9d809921540d
-- migration wallets 0014_plans 7bcfcabc2064e205
-- migration wallets 0015_rules 095e1f8c980a520d
-- migration wallets 0016_venue_positions 65e0652cbc943c5b
-- migration wallets 0017_protection ff269a96fda1429d
-- migration wallets 0018_proofs 68473d6d84b055e2
-- migration wallets 0019_venue_names c6458e7ee85d8730
-- migration wallets 0020_as_of 5452a56fb5d92a76
-- migration wallets 0021_unassigned c69a8d780dbc1a46
-- migration wallets 0022_assets_as_venues_call_them e9e225145f34bf5b
-- migration wallets 0023_derivatives 4c1fa0334e61ebd1
-- migration wallets 0024_held_for d680744242db19da
-- migration wallets 0025_streams d8f2fe9d2f3dd0bc
-- migration wallets 0026_sync_turns a74fcab610e03d9e
-- migration wallets 0027_holds f9f293a47fc32a7f
-- migration wallets 0028_venue_income 6aa90c200de40a50
-- migration wallets 0029_what_was_found 179979ca7fb3d7c2
-- migration wallets 0030_proof 1828f17662777abf
-- migration wallets 0031_resting_orders b2703a02630b8543
-- migration wallets 0032_places_at_platforms 48c2d317e334a9b8
-- migration wallets 0033_orders_compared 3d0e8fe7df4305c0
-- migration wallets 0034_perpetuals d9210f3a65c30eaa
-- migration wallets 0035_what_scopes_write 923111082eb1409e
-- migration wallets 0036_locking_accounts d1058aa6fb9db23a
-- migration wallets 0037_pools 7b7d144594164fd1
-- migration wallets 0038_who_locks_accounts d0554893a60f3802
-- migration wallets 0039_path_by_key b9e86c227c7b3a17
-- migration wallets 0040_where_they_stood 2588d3224191693b
-- migration wallets 0041_fewer_indexes 2bffaceafc2889c1

--
-- Name: follow_version(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.follow_version() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    put_away timestamptz;
BEGIN
    IF NEW.version_id IS NOT NULL THEN
        SELECT saved.strategy, version.parameters, saved.archived_at INTO NEW.strategy, NEW.parameters, put_away
        FROM farms_strategyversion AS version JOIN farms_strategy AS saved ON saved.id = version.saved_id
        WHERE version.id = NEW.version_id AND version.owner_id = NEW.owner_id
        FOR KEY SHARE OF saved;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'An agent follows a version of its owner.' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        IF put_away IS NOT NULL AND NEW.status <> 'archived' THEN
            RAISE EXCEPTION 'No agent at work follows a strategy that is archived.'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;


--
-- Name: goals_cursors_begin_anew(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.goals_cursors_begin_anew() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    ALTER TABLE public.goals_goalcursor ALTER COLUMN read_to TYPE xid8 USING '18446744073709551615'::xid8;
END $$;


--
-- Name: goals_is_under_way(uuid); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.goals_is_under_way(goal uuid) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public'
    AS $$
    SELECT EXISTS (SELECT FROM public.goals_goal WHERE id = goal AND ended_at IS NULL)
$$;


--
-- Name: has_orders(uuid, text[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.has_orders(p_wallet uuid, p_statuses text[]) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
    SELECT EXISTS (
        SELECT FROM trading_order
        WHERE wallet_id = p_wallet AND status = ANY (p_statuses)
              AND NOT (type <> 'market' AND status IN ('waiting', 'open', 'partially_filled'))
    )
$$;


--
-- Name: held_at(uuid, timestamp with time zone[], text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.held_at(p_owner uuid, p_moments timestamp with time zone[], p_base text, p_quote text) RETURNS TABLE(place bigint, instrument_id bigint, quantity numeric, cost numeric, paid numeric, got numeric, fees numeric, positions bigint)
    LANGUAGE sql STABLE
    AS $$
    -- Of each instrument, or of those of a base and a quote, what stood right before each moment, all wallets together.
    -- The pairs apart: what comes out of an outer join may not be compared before the policy, so no index would be used.
    WITH pair AS MATERIALIZED (
        SELECT wallet_id, instrument_id
        FROM position_totals(p_owner) JOIN market_instruments AS market USING (instrument_id)
        WHERE (p_base IS NULL OR market.base = p_base) AND (p_quote IS NULL OR market.quote = p_quote)
    )
    SELECT moment.place, pair.instrument_id, sum(held.quantity), sum(held.cost), sum(held.paid), sum(held.got),
           sum(held.fees), count(*) FILTER (WHERE held.quantity <> 0)
    FROM pair
    CROSS JOIN unnest(p_moments) WITH ORDINALITY AS moment (at, place)
    CROSS JOIN LATERAL (
        SELECT * FROM trading_heldtotal AS total
        WHERE total.owner_id = p_owner AND total.wallet_id = pair.wallet_id
              AND total.instrument_id = pair.instrument_id AND total.at < moment.at
        ORDER BY total.at DESC LIMIT 1
    ) AS held
    GROUP BY moment.place, pair.instrument_id
$$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: wallets_fundallocation; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wallets_fundallocation (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    kind character varying(9) NOT NULL,
    asset character varying(20) NOT NULL,
    amount numeric(38,18),
    note jsonb NOT NULL,
    owner_id uuid NOT NULL,
    posting_id bigint,
    source_id uuid,
    target_id uuid,
    status character varying(9) NOT NULL,
    stays jsonb NOT NULL,
    CONSTRAINT wallets_fundallocation_amount_check CHECK ((amount <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.wallets_fundallocation FORCE ROW LEVEL SECURITY;


--
-- Name: ledger_allocation_agrees(public.wallets_fundallocation); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_allocation_agrees(a public.wallets_fundallocation) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
    SELECT (a.status = 'previewed') = (a.posting_id IS NULL)
       AND (a.posting_id IS NULL OR EXISTS (
                SELECT FROM public.wallets_posting p
                WHERE p.id = a.posting_id AND (p.owner_id, p.kind) = (a.owner_id, a.kind)))
$$;


--
-- Name: ledger_as_of(bigint[], bigint, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_as_of(p_accounts bigint[], p_transfer bigint, p_at timestamp with time zone) RETURNS TABLE(account_id bigint, version bigint, balance numeric, transfer_id bigint)
    LANGUAGE plpgsql STABLE
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    AS $$
DECLARE
    low bigint;   -- a link that is early enough, 0 while none is known
    high bigint;  -- one that is not, or the one after the last
    middle bigint;
    link record;
BEGIN
    FOREACH account_id IN ARRAY p_accounts LOOP
        low := 0;
        SELECT a.version + 1 INTO high FROM wallets_account a WHERE a.id = account_id;
        CONTINUE WHEN high IS NULL;
        transfer_id := NULL;
        WHILE low + 1 < high LOOP
            -- the last one first: it is what is asked for as a rule
            middle := CASE WHEN low = 0 AND p_transfer IS NULL AND p_at IS NULL THEN high - 1 ELSE (low + high) / 2 END;
            SELECT t.id, t.debit_version AS number, t.debit_balance AS said, t.created_at INTO link
            FROM wallets_transfer t WHERE t.debit_id = account_id AND t.debit_version >= middle
            ORDER BY t.debit_version LIMIT 1;
            IF link.number IS DISTINCT FROM middle THEN
                SELECT t.id, t.credit_version AS number, t.credit_balance AS said, t.created_at INTO link
                FROM wallets_transfer t WHERE t.credit_id = account_id AND t.credit_version >= middle
                ORDER BY t.credit_version LIMIT 1;
            END IF;
            IF link.id > p_transfer OR link.created_at > p_at THEN
                high := middle;
            ELSE
                low := middle;
                version := middle;
                balance := link.said;
                transfer_id := link.id;
            END IF;
        END LOOP;
        IF transfer_id IS NOT NULL THEN
            RETURN NEXT;
        END IF;
    END LOOP;
END $$;


--
-- Name: ledger_attempt(uuid, text, text, jsonb, jsonb, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_attempt(p_owner uuid, p_key text, p_kind text, p_legs jsonb, p_detail jsonb, p_at timestamp with time zone) RETURNS jsonb
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
    reason text;
    detail text;
BEGIN
    RETURN ledger_post(p_owner, p_key, p_kind, p_legs, p_detail, p_at);
EXCEPTION WHEN SQLSTATE 'LG001' OR SQLSTATE 'LG002' OR SQLSTATE 'LG003' OR SQLSTATE 'LG004' OR SQLSTATE 'LG005'
    OR SQLSTATE 'LG006' OR SQLSTATE 'LG007'
THEN
    GET STACKED DIAGNOSTICS reason = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
    RETURN jsonb_build_object('code', SQLSTATE, 'reason', reason, 'detail', detail);
END $$;


--
-- Name: ledger_check_allocation(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_check_allocation() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF OLD.status = 'previewed' THEN
            RETURN OLD;
        END IF;
    ELSIF TG_OP = 'INSERT' OR (
        -- a plan is applied once, and what was applied is taken back once; nothing else of it changes
        (OLD.status, NEW.status) IN (('previewed', 'applied'), ('applied', 'undone'))
        AND (NEW.posting_id = OLD.posting_id OR OLD.status = 'previewed')
        AND to_jsonb(OLD) - ARRAY['status', 'posting_id', 'created_at']
            = to_jsonb(NEW) - ARRAY['status', 'posting_id', 'created_at']
    ) THEN
        IF NOT public.ledger_allocation_agrees(NEW) OR (TG_OP = 'UPDATE' AND NEW.status = 'applied' AND EXISTS (
            SELECT FROM public.wallets_allocationline l
            WHERE l.allocation_id = NEW.id AND NOT public.ledger_line_agrees(l, NEW.posting_id)
        )) THEN
            RAISE EXCEPTION 'allocation % says something else than its posting %', NEW.id, NEW.posting_id
                USING ERRCODE = 'LG008';
        END IF;
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% on % is refused: the ledger is append-only, take an allocation back instead', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'LG010';
END $$;


--
-- Name: ledger_check_line(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_check_line() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    plan public.wallets_fundallocation;
BEGIN
    SELECT * INTO plan FROM public.wallets_fundallocation h WHERE h.id = NEW.allocation_id AND h.owner_id = NEW.owner_id;
    IF FOUND AND (plan.posting_id IS NULL OR public.ledger_line_agrees(NEW, plan.posting_id)) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'allocation % says something else than its posting %', NEW.allocation_id, plan.posting_id
        USING ERRCODE = 'LG008';
END $$;


--
-- Name: ledger_hash(text, jsonb, jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_hash(p_kind text, p_legs jsonb, p_detail jsonb) RETURNS text
    LANGUAGE sql STABLE
    AS $$
    SELECT encode(sha256(convert_to(jsonb_build_array(p_kind, p_legs, p_detail)::text, 'UTF8')), 'hex')
$$;


--
-- Name: ledger_keep_line(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_keep_line() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'DELETE' AND EXISTS (
        SELECT FROM public.wallets_fundallocation h WHERE h.id = OLD.allocation_id AND h.status = 'previewed'
    ) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% on % is refused: the ledger is append-only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'LG010';
END $$;


--
-- Name: wallets_allocationline; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wallets_allocationline (
    id bigint NOT NULL,
    number integer NOT NULL,
    asset character varying(20) NOT NULL,
    amount numeric(38,18) NOT NULL,
    profit numeric(38,18) NOT NULL,
    allocation_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    source_id uuid,
    target_id uuid NOT NULL,
    CONSTRAINT line_profit_is_a_part CHECK (((profit >= (0)::numeric) AND (profit <= amount))),
    CONSTRAINT wallets_allocationline_amount_check CHECK ((amount <> 'NaN'::numeric)),
    CONSTRAINT wallets_allocationline_number_check CHECK ((number >= 0)),
    CONSTRAINT wallets_allocationline_profit_check CHECK ((profit <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.wallets_allocationline FORCE ROW LEVEL SECURITY;


--
-- Name: ledger_line_agrees(public.wallets_allocationline, bigint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_line_agrees(l public.wallets_allocationline, p_posting bigint) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
    SELECT count(*) > (
        SELECT count(*) FROM public.wallets_allocationline o
        WHERE o.allocation_id IN (
                  SELECT h.id FROM public.wallets_fundallocation h WHERE h.posting_id = p_posting
                  UNION SELECT l.allocation_id
              )
              AND o.id <> l.id AND (o.asset, o.amount) = (l.asset, l.amount)
              AND (o.source_id, o.target_id) IS NOT DISTINCT FROM (l.source_id, l.target_id)
    )
    FROM public.wallets_posting p
    JOIN public.wallets_transfer t ON t.posting_id = p.id
    JOIN public.wallets_account d ON d.id = t.debit_id
    JOIN public.wallets_account c ON c.id = t.credit_id
    WHERE p.id = p_posting AND p.owner_id = l.owner_id AND t.phase = 'posted'
      AND (t.asset, t.amount) = (l.asset, l.amount)
      AND (d.wallet_id, d.kind) = (COALESCE(l.source_id, l.target_id),
                                   CASE WHEN l.source_id IS NULL THEN 'external' ELSE 'wallet' END)
      AND (c.wallet_id, c.kind) = (l.target_id, 'wallet')
$$;


--
-- Name: ledger_lock(uuid[], text[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_lock(p_wallets uuid[], p_assets text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    PERFORM FROM wallets_account
    WHERE wallet_id = ANY (p_wallets) AND asset = ANY (p_assets)
          AND owner_id = NULLIF(current_setting('app.user_id', true), '')::uuid
    ORDER BY id FOR NO KEY UPDATE;
END $$;


--
-- Name: ledger_move(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_move() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    moves boolean := NEW.phase IN ('posted', 'settle');
    moved numeric := 0;
    held_change numeric := 0;
    refused boolean;
    reserved record;
    account record;
BEGIN
    IF num_nonnulls(NEW.debit_version, NEW.debit_balance, NEW.credit_version, NEW.credit_balance,
                    NEW.held_version, NEW.held_change, NEW.held_after) > 0
    THEN
        RAISE EXCEPTION 'the links of a transfer are written by the ledger alone' USING ERRCODE = 'LG014';
    END IF;
    NEW.id := nextval('public.wallets_transfer_number');
    IF NEW.phase NOT IN ('posted', 'pending', 'settle', 'void')
        OR (NEW.phase IN ('posted', 'pending')) <> (NEW.pending_id IS NULL)
    THEN
        RAISE EXCEPTION 'a leg is %: name a pending transfer with settle and void, and only there', NEW.phase
            USING ERRCODE = 'LG005';
    END IF;

    IF NEW.pending_id IS NOT NULL THEN
        SELECT t.amount INTO reserved FROM public.wallets_transfer t
        WHERE t.id = NEW.pending_id AND t.phase = 'pending'
          AND t.debit_id = NEW.debit_id AND t.credit_id = NEW.credit_id;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'transfer % is not pending between these accounts', NEW.pending_id USING ERRCODE = 'LG003';
        END IF;
        -- whoever holds the accounts is the only one who can resolve it
        PERFORM FROM public.wallets_account a WHERE a.id IN (NEW.debit_id, NEW.credit_id) ORDER BY a.id
        FOR NO KEY UPDATE;
        IF EXISTS (SELECT FROM public.wallets_transfer t WHERE t.pending_id = NEW.pending_id) THEN
            RAISE EXCEPTION 'transfer % is settled or voided already', NEW.pending_id USING ERRCODE = 'LG007';
        END IF;
        NEW.amount := COALESCE(NEW.amount, CASE NEW.phase WHEN 'void' THEN reserved.amount END);
        IF NEW.amount > reserved.amount OR (NEW.phase = 'void' AND NEW.amount <> reserved.amount) THEN
            RAISE EXCEPTION 'transfer % reserves %, not %', NEW.pending_id, reserved.amount, NEW.amount
                USING ERRCODE = 'LG003';
        END IF;
        held_change := -reserved.amount;
    ELSIF NEW.phase = 'pending' THEN
        held_change := NEW.amount;
    END IF;
    IF NEW.amount IS NULL OR NEW.amount <= 0 OR NEW.amount >= 1e18 OR NEW.debit_id = NEW.credit_id THEN
        RAISE EXCEPTION 'a leg must move a positive amount below 10^18 between two accounts, not %', NEW.amount
            USING ERRCODE = 'LG005';
    END IF;

    -- the lower account first, so that everybody waits in one order
    IF moves THEN
        moved := NEW.amount;
        IF NEW.credit_id < NEW.debit_id THEN
            UPDATE public.wallets_account a SET balance = a.balance + NEW.amount, version = a.version + 1
            WHERE a.id = NEW.credit_id AND a.asset = NEW.asset AND a.owner_id = NEW.owner_id
              AND a.balance < 1e19 - NEW.amount
            RETURNING a.version, a.balance INTO NEW.credit_version, NEW.credit_balance;
        END IF;
    END IF;
    UPDATE public.wallets_account a
    SET balance = a.balance - moved, version = a.version + moves::int,
        held = a.held + held_change, held_version = a.held_version + (held_change <> 0)::int
    WHERE a.id = NEW.debit_id AND a.asset = NEW.asset AND a.owner_id = NEW.owner_id
      AND (a.kind <> 'wallet' OR a.balance - moved >= a.held + held_change)
      AND a.balance > moved - 1e19 AND a.held < 1e19 - held_change
    RETURNING a.version, a.balance, a.held_version, a.held
    INTO NEW.debit_version, NEW.debit_balance, NEW.held_version, NEW.held_after;
    IF NEW.debit_version IS NULL THEN
        SELECT a.balance - a.held AS available, a.kind INTO account FROM public.wallets_account a
        WHERE a.id = NEW.debit_id AND a.asset = NEW.asset AND a.owner_id = NEW.owner_id;
        IF FOUND AND account.kind = 'wallet' AND account.available < moved + held_change THEN
            RAISE EXCEPTION 'only % % is free, % is needed', account.available, NEW.asset, NEW.amount
                USING ERRCODE = 'LG001', DETAIL = jsonb_build_object(
                    'asset', NEW.asset, 'available', account.available::text, 'needed', NEW.amount::text);
        END IF;
    END IF;
    IF moves AND NEW.credit_id > NEW.debit_id THEN
        UPDATE public.wallets_account a SET balance = a.balance + NEW.amount, version = a.version + 1
        WHERE a.id = NEW.credit_id AND a.asset = NEW.asset AND a.owner_id = NEW.owner_id
          AND a.balance < 1e19 - NEW.amount
        RETURNING a.version, a.balance INTO NEW.credit_version, NEW.credit_balance;
    END IF;
    refused := NEW.debit_version IS NULL OR (moves AND NEW.credit_version IS NULL);
    IF NEW.phase = 'pending' AND NOT refused THEN
        refused := NOT EXISTS (SELECT FROM public.wallets_account a
                               WHERE a.id = NEW.credit_id AND a.asset = NEW.asset AND a.owner_id = NEW.owner_id);
    END IF;
    IF refused THEN
        IF 2 = (SELECT count(*) FROM public.wallets_account a
                WHERE a.id IN (NEW.debit_id, NEW.credit_id) AND a.asset = NEW.asset AND a.owner_id = NEW.owner_id)
        THEN
            RAISE EXCEPTION 'no account may hold or owe 10^19 % or more', NEW.asset USING ERRCODE = 'LG006';
        END IF;
        RAISE EXCEPTION 'a transfer stays between two accounts of its owner in its asset' USING ERRCODE = 'LG004';
    END IF;

    IF NOT moves THEN
        NEW.debit_version := NULL;
        NEW.debit_balance := NULL;
    END IF;
    IF held_change = 0 THEN
        NEW.held_version := NULL;
        NEW.held_after := NULL;
    ELSE
        NEW.held_change := held_change;
    END IF;
    RETURN NEW;
END $$;


--
-- Name: ledger_open_accounts(uuid, jsonb); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_open_accounts(p_owner uuid, p_legs jsonb) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    INSERT INTO wallets_account (owner_id, wallet_id, asset, kind, balance, held, version, held_version)
    SELECT DISTINCT p_owner, r.wallet_id, r.asset, r.kind, 0, 0, 0, 0
    FROM jsonb_to_recordset(p_legs) AS l (
        debit_wallet uuid, debit_kind text, credit_wallet uuid, credit_kind text, asset text
    ), LATERAL (VALUES (l.debit_wallet, l.debit_kind, l.asset), (l.credit_wallet, l.credit_kind, l.asset))
        AS r (wallet_id, kind, asset)
    WHERE EXISTS (SELECT FROM wallets_wallet w WHERE w.id = r.wallet_id)
    ORDER BY r.wallet_id, r.asset, r.kind
    ON CONFLICT (wallet_id, asset, kind) DO NOTHING
$$;


--
-- Name: ledger_post(uuid, text, text, jsonb, jsonb, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_post(p_owner uuid, p_key text, p_kind text, p_legs jsonb, p_detail jsonb, p_at timestamp with time zone) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
DECLARE
    hash text := ledger_hash(p_kind, p_legs, p_detail);
    posting bigint;
    leg jsonb;
    legs int := jsonb_array_length(p_legs);
    debits bigint[] := '{}';
    credits bigint[] := '{}';
    amount numeric;
    transfer bigint;
    transfers bigint[] := '{}';
BEGIN
    IF p_owner IS DISTINCT FROM NULLIF(current_setting('app.user_id', true), '')::uuid THEN
        RAISE EXCEPTION 'post inside the tenant block of the owner of the books' USING ERRCODE = 'LG004';
    END IF;
    FOR place IN 0 .. legs - 1 LOOP
        leg := p_legs -> place;
        debits := debits || (SELECT a.id FROM wallets_account a
                             WHERE a.wallet_id = (leg ->> 'debit_wallet')::uuid AND a.asset = leg ->> 'asset'
                               AND a.kind = leg ->> 'debit_kind');
        credits := credits || (SELECT a.id FROM wallets_account a
                               WHERE a.wallet_id = (leg ->> 'credit_wallet')::uuid AND a.asset = leg ->> 'asset'
                                 AND a.kind = leg ->> 'credit_kind');
    END LOOP;
    IF legs > 0 AND array_position(debits || credits, NULL) IS NULL THEN
        INSERT INTO wallets_posting (owner_id, key, request_hash, kind, detail, created_at)
        VALUES (p_owner, p_key, hash, p_kind, p_detail, p_at)
        ON CONFLICT (owner_id, key) DO NOTHING
        RETURNING id INTO posting;
    END IF;
    IF posting IS NULL THEN
        RETURN ledger_post_many(p_owner, jsonb_build_array(jsonb_build_object(
            'key', p_key, 'kind', p_kind, 'legs', p_legs, 'detail', p_detail)), p_at) -> 0;
    END IF;

    IF legs > 1 THEN
        PERFORM FROM wallets_account WHERE id = ANY (debits || credits) ORDER BY id FOR NO KEY UPDATE;
    END IF;
    FOR place IN 0 .. legs - 1 LOOP
        leg := p_legs -> place;
        amount := leg ->> 'amount';
        IF amount <= 0 OR amount >= 1e18 OR amount <> round(amount, 18) THEN  -- the column would round
            RAISE EXCEPTION 'a leg must move a positive amount below 10^18 of at most 18 decimals'
                USING ERRCODE = 'LG005';
        END IF;
        INSERT INTO wallets_transfer
            (owner_id, posting_id, phase, debit_id, credit_id, asset, amount, pending_id, created_at)
        VALUES (p_owner, posting, leg ->> 'phase', debits[place + 1], credits[place + 1], leg ->> 'asset',
                amount, (leg ->> 'pending')::bigint, p_at)
        RETURNING id INTO transfer;
        transfers := transfers || transfer;
    END LOOP;
    RETURN jsonb_build_object('posting', posting, 'hash', hash, 'made_at', p_at, 'transfers', transfers,
                              'replayed', false);
END $$;


--
-- Name: ledger_post_many(uuid, jsonb, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_post_many(p_owner uuid, p_requests jsonb, p_at timestamp with time zone) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
DECLARE
    keys text[];        -- of each request
    hashes text[];
    postings bigint[];  -- of each request; NULL where the key was used before
    legs jsonb;         -- of the new requests, in their order
    owning bigint[];    -- of each leg: its posting
    debits bigint[];
    credits bigint[];
    exact boolean;
    made jsonb := '{}'; -- by posting: its transfers
    strange text;
    answers jsonb;
BEGIN
    IF p_owner IS DISTINCT FROM NULLIF(current_setting('app.user_id', true), '')::uuid THEN
        RAISE EXCEPTION 'post inside the tenant block of the owner of the books' USING ERRCODE = 'LG004';
    END IF;

    SELECT array_agg(r.key ORDER BY r.place), array_agg(ledger_hash(r.kind, r.legs, r.detail) ORDER BY r.place),
           bool_or(jsonb_array_length(r.legs) = 0)
    INTO keys, hashes, exact
    FROM ROWS FROM (jsonb_to_recordset(p_requests) AS (key text, kind text, legs jsonb, detail jsonb))
         WITH ORDINALITY AS r (key, kind, legs, detail, place);
    IF exact IS DISTINCT FROM false THEN
        RAISE EXCEPTION 'a posting needs at least one leg' USING ERRCODE = 'LG005';
    END IF;

    WITH made AS (
        INSERT INTO wallets_posting (owner_id, key, request_hash, kind, detail, created_at)
        SELECT p_owner, r.key, hashes[r.place], r.kind, r.detail, p_at
        FROM ROWS FROM (jsonb_to_recordset(p_requests) AS (key text, kind text, detail jsonb))
             WITH ORDINALITY AS r (key, kind, detail, place)
        ORDER BY r.key
        ON CONFLICT (owner_id, key) DO NOTHING
        RETURNING id, key
    )
    SELECT array_agg(CASE WHEN r.place = array_position(keys, r.key) THEN made.id END ORDER BY r.place) INTO postings
    FROM unnest(keys) WITH ORDINALITY AS r (key, place) LEFT JOIN made USING (key);

    SELECT jsonb_agg(l.leg ORDER BY r.place, l.place), array_agg(postings[r.place] ORDER BY r.place, l.place)
    INTO legs, owning
    FROM jsonb_array_elements(p_requests) WITH ORDINALITY AS r (request, place),
         jsonb_array_elements(r.request -> 'legs') WITH ORDINALITY AS l (leg, place)
    WHERE postings[r.place] IS NOT NULL;

    IF legs IS NOT NULL THEN
        FOR attempt IN 1 .. 2 LOOP
            SELECT array_agg((SELECT a.id FROM wallets_account a
                              WHERE a.wallet_id = l.debit_wallet AND a.asset = l.asset AND a.kind = l.debit_kind)),
                   array_agg((SELECT a.id FROM wallets_account a
                              WHERE a.wallet_id = l.credit_wallet AND a.asset = l.asset AND a.kind = l.credit_kind)),
                   bool_and(l.amount IS NULL OR (l.amount > 0 AND l.amount < 1e18 AND l.amount = round(l.amount, 18)))
            INTO debits, credits, exact
            FROM jsonb_to_recordset(legs) AS l (
                debit_wallet uuid, debit_kind text, credit_wallet uuid, credit_kind text, asset text, amount numeric
            );
            EXIT WHEN array_position(debits, NULL) IS NULL AND array_position(credits, NULL) IS NULL;
            IF attempt = 2 THEN
                RAISE EXCEPTION 'a leg names a wallet that does not exist or belongs to somebody else'
                    USING ERRCODE = 'LG004';
            END IF;
            PERFORM ledger_open_accounts(p_owner, legs);
        END LOOP;
        IF NOT exact THEN  -- the column would round
            RAISE EXCEPTION 'a leg must move a positive amount below 10^18 of at most 18 decimals'
                USING ERRCODE = 'LG005';
        END IF;
        PERFORM FROM wallets_account WHERE id = ANY (debits || credits) ORDER BY id FOR NO KEY UPDATE;
        WITH moved AS (
            INSERT INTO wallets_transfer
                (owner_id, posting_id, phase, debit_id, credit_id, asset, amount, pending_id, created_at)
            SELECT p_owner, l.posting, l.phase, l.debit, l.credit, l.asset, l.amount, l.pending, p_at
            FROM ROWS FROM (jsonb_to_recordset(legs) AS (asset text, amount numeric, phase text, pending bigint),
                            unnest(owning), unnest(debits), unnest(credits))
                 AS l (asset, amount, phase, pending, posting, debit, credit)
            RETURNING id, posting_id
        )
        SELECT jsonb_object_agg(one.posting_id, one.ids) INTO made
        FROM (SELECT posting_id, jsonb_agg(id ORDER BY id) AS ids FROM moved GROUP BY posting_id) one;
    END IF;

    -- Only where a key was used before there is something to look up, each by itself: a plan made while the table is small
    -- would join all of the owner's postings.
    SELECT jsonb_agg(jsonb_build_object(
               'posting', COALESCE(postings[r.place], first.id), 'hash', hashes[r.place],
               'made_at', COALESCE(first.created_at, p_at), 'replayed', postings[r.place] IS NULL,
               'transfers', COALESCE(made -> postings[r.place]::text, (
                   SELECT jsonb_agg(t.id ORDER BY t.id) FROM wallets_transfer t WHERE t.posting_id = first.id))
           ) ORDER BY r.place),
           min(r.key) FILTER (WHERE first.request_hash <> hashes[r.place])
    INTO answers, strange
    FROM unnest(keys) WITH ORDINALITY AS r (key, place)
    LEFT JOIN LATERAL (
        SELECT p.id, p.request_hash, p.created_at FROM wallets_posting p
        WHERE postings[r.place] IS NULL AND p.owner_id = p_owner AND p.key = r.key LIMIT 1
    ) AS first ON true;
    IF strange IS NOT NULL THEN
        RAISE EXCEPTION 'the key % was used before with another request', strange USING ERRCODE = 'LG002';
    END IF;
    RETURN answers;
END $$;


--
-- Name: ledger_refuse_change(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the ledger is append-only, post a correcting transfer instead', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'LG010';
END $$;


--
-- Name: ledger_refuse_direct_change(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_refuse_direct_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    IF pg_trigger_depth() = 1 THEN
        RAISE EXCEPTION '% on % is refused: the ledger is append-only, balances move by transfers alone', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'LG010';
    END IF;
    RETURN NULL;
END $$;


--
-- Name: ledger_refuse_kind(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.ledger_refuse_kind() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
BEGIN
    RAISE EXCEPTION 'no account is of the kind %', NEW.kind USING ERRCODE = 'LG005';
END $$;


--
-- Name: market_closes(bigint[], timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.market_closes(p_instruments bigint[], p_at timestamp with time zone) RETURNS TABLE(instrument_id bigint, price numeric, source text, at timestamp with time zone)
    LANGUAGE sql STABLE
    AS $$
    SELECT DISTINCT ON (instrument.id) instrument.id, bar.close::text::numeric,
           CASE WHEN instrument.is_simulated THEN 'simulated' ELSE 'recorded' END,
           timestamptz 'epoch' + (bar.ts + frame.length) * interval '1 millisecond'
    FROM markets_instrument AS instrument
    CROSS JOIN market_timeframes() AS frame
    CROSS JOIN LATERAL (
        SELECT ts, close FROM markets_candle
        WHERE markets_candle.instrument_id = coalesce(instrument.prices_of_id, instrument.id)
              AND markets_candle.timeframe = frame.timeframe
              AND ts <= floor(extract(epoch FROM p_at) * 1000)::bigint - frame.length
        ORDER BY ts DESC LIMIT 1
    ) AS bar
    WHERE instrument.id = ANY (p_instruments)
    ORDER BY instrument.id, bar.ts + frame.length DESC, frame.length
$$;


--
-- Name: market_extremes(bigint, timestamp with time zone, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.market_extremes(p_instrument bigint, p_since timestamp with time zone, p_until timestamp with time zone) RETURNS TABLE(low numeric, high numeric, until timestamp with time zone)
    LANGUAGE sql STABLE
    AS $$
    SELECT min(low)::text::numeric, max(high)::text::numeric,
           timestamptz 'epoch' + (max(ts) + 60000) * interval '1 millisecond'
    FROM markets_candle
    WHERE instrument_id = (SELECT coalesce(prices_of_id, id) FROM markets_instrument WHERE id = p_instrument)
          AND timeframe = '1m'
          AND ts >= ceil(extract(epoch FROM p_since) * 1000)::bigint
          AND ts <= floor(extract(epoch FROM p_until) * 1000)::bigint - 60000
$$;


--
-- Name: market_known_quotes(bigint[], timestamp with time zone, boolean); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.market_known_quotes(p_instruments bigint[], p_at timestamp with time zone, p_is_live boolean) RETURNS TABLE(instrument_id bigint, price numeric, source text, at timestamp with time zone, is_carried boolean)
    LANGUAGE sql STABLE
    AS $$
    WITH said AS (
        SELECT * FROM market_quotes(p_instruments, p_at, p_is_live) AS quote
        WHERE quote.price > 0 AND quote.price < 1e20  -- NaN is greater than every number
    ),
    silent AS (
        SELECT ARRAY(SELECT unnest(p_instruments) EXCEPT SELECT said.instrument_id FROM said) AS instruments
        WHERE p_is_live
    )
    SELECT instrument_id, price, source, at, false FROM said
    UNION ALL
    (
        SELECT DISTINCT ON (instrument_id) instrument_id, price, source, at, true
        FROM (
            SELECT closed.* FROM silent CROSS JOIN LATERAL market_closes(silent.instruments, p_at) AS closed
            UNION ALL
            SELECT known.instrument_id, known.price, known.source, known.at
            FROM silent JOIN markets_lastprice AS known ON known.instrument_id = ANY (silent.instruments)
        ) AS carried
        WHERE price > 0 AND price < 1e20
        ORDER BY instrument_id, at DESC
    )
$$;


--
-- Name: market_priced_at(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.market_priced_at(p_venue text) RETURNS text
    LANGUAGE sql STABLE
    AS $$
    SELECT CASE
        WHEN EXISTS (SELECT FROM markets_instrument WHERE venue = p_venue AND kind IN ('spot', 'prediction')) THEN p_venue
        ELSE coalesce((
            SELECT venue FROM markets_instrument
            WHERE kind = 'spot' AND starts_with(p_venue, venue) ORDER BY length(venue) DESC LIMIT 1
        ), p_venue)
    END
$$;


--
-- Name: market_prices(text, text, text[], timestamp with time zone, boolean); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.market_prices(p_venue text, p_base text, p_assets text[], p_at timestamp with time zone, p_is_live boolean) RETURNS TABLE(asset text, price numeric, source text, at timestamp with time zone, is_carried boolean)
    LANGUAGE sql STABLE
    AS $$
    WITH wanted AS (SELECT DISTINCT name FROM unnest(p_assets) AS name WHERE name <> p_base),
    pair AS MATERIALIZED (
        SELECT instrument.id, way.asset, way.other, way.is_turned
        FROM markets_instrument AS instrument
        CROSS JOIN LATERAL (
            VALUES (instrument.base, instrument.quote, false), (instrument.quote, instrument.base, true)
        ) AS way (asset, other, is_turned)
        WHERE instrument.venue = (SELECT market_priced_at(p_venue)) AND instrument.kind IN ('spot', 'prediction')
              AND (way.other = p_base OR way.asset = ANY (p_assets))
    ),
    path AS MATERIALIZED (
        SELECT wanted.name, '' AS bridge, one.id AS first, one.is_turned AS first_turned,
               NULL::bigint AS second, false AS second_turned
        FROM wanted JOIN pair AS one ON one.asset = wanted.name AND one.other = p_base
        UNION ALL
        SELECT wanted.name, one.other, one.id, one.is_turned, two.id, two.is_turned
        FROM wanted
        JOIN pair AS one ON one.asset = wanted.name AND one.other <> p_base
        JOIN pair AS two ON two.asset = one.other AND two.other = p_base
    ),
    quote AS MATERIALIZED (
        SELECT * FROM market_known_quotes(
            ARRAY(SELECT first FROM path UNION SELECT second FROM path WHERE second IS NOT NULL), p_at, p_is_live
        )
    )
    SELECT p_base, 1::numeric, 'identity', p_at, false WHERE p_base = ANY (p_assets)
    UNION ALL
    (
        SELECT DISTINCT ON (path.name) path.name, worth.price,
               CASE WHEN 'simulated' IN (one.source, two.source) THEN 'simulated' ELSE one.source END,
               least(one.at, two.at), one.is_carried OR coalesce(two.is_carried, false)
        FROM path
        JOIN quote AS one ON one.instrument_id = path.first
        LEFT JOIN quote AS two ON two.instrument_id = path.second
        CROSS JOIN LATERAL (
            SELECT CASE WHEN path.first_turned THEN 1 / one.price ELSE one.price END
                   * CASE WHEN path.second IS NULL THEN 1 WHEN path.second_turned THEN 1 / two.price ELSE two.price END
        ) AS worth (price)
        WHERE worth.price > 0 AND worth.price < 1e20
        ORDER BY path.name, one.is_carried OR coalesce(two.is_carried, false), path.bridge, path.first_turned,
                 path.second_turned, path.first, path.second
    )
$$;


--
-- Name: market_quotes(bigint[], timestamp with time zone, boolean); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.market_quotes(p_instruments bigint[], p_at timestamp with time zone, p_is_live boolean) RETURNS TABLE(instrument_id bigint, price numeric, bid numeric, ask numeric, source text, at timestamp with time zone)
    LANGUAGE sql STABLE
    AS $$
    SELECT instrument.id, price, coalesce(nullif(bid, 0), price), coalesce(nullif(ask, 0), price), source, at
    FROM markets_instrument AS instrument
    JOIN markets_ticker AS ticker ON ticker.instrument_id = coalesce(instrument.prices_of_id, instrument.id)
    WHERE p_is_live AND instrument.id = ANY (p_instruments)
    UNION ALL
    SELECT instrument_id, price, price, price, source, at
    FROM market_closes(CASE WHEN p_is_live THEN '{}' ELSE p_instruments END, p_at)
$$;


--
-- Name: market_regime(bigint, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.market_regime(p_instrument bigint, p_at timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    SELECT CASE
        WHEN count(step) < 20 THEN ''
        WHEN abs(sum(step)) < 0.3 * sum(abs(step)) OR sum(abs(step)) = 0 THEN 'sideways'
        WHEN sum(step) > 0 THEN 'rising'
        ELSE 'falling'
    END
    FROM (
        SELECT close - lag(close) OVER (ORDER BY ts) AS step
        FROM (
            SELECT ts, close FROM public.markets_candle
            WHERE instrument_id = (SELECT coalesce(prices_of_id, id) FROM public.markets_instrument WHERE id = p_instrument)
                  AND timeframe = '1d' AND ts <= (extract(epoch FROM p_at) * 1000)::bigint - 86400000
            ORDER BY ts DESC LIMIT 21
        ) AS day
    ) AS change
$$;


--
-- Name: market_remember_price(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.market_remember_price() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    INSERT INTO markets_lastprice AS known (instrument_id, price, source, at)
    VALUES (OLD.instrument_id, OLD.price, OLD.source, OLD.at)
    ON CONFLICT (instrument_id) DO UPDATE SET price = excluded.price, source = excluded.source, at = excluded.at
    WHERE known.at <= excluded.at;
    RETURN OLD;
END
$$;


--
-- Name: market_timeframes(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.market_timeframes() RETURNS TABLE(timeframe text, length bigint)
    LANGUAGE sql IMMUTABLE
    AS $$
    VALUES ('1m', 60000::bigint), ('5m', 300000), ('15m', 900000), ('1h', 3600000), ('4h', 14400000), ('1d', 86400000)
$$;


--
-- Name: month_begin_over(regclass, date); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.month_begin_over(p_table regclass, p_month date) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
DECLARE
    month date := date_trunc('month', p_month);
    part text := month_part(p_table, month);
    stays text := part || '_stays';
BEGIN
    PERFORM month_may_go(month);
    EXECUTE format('LOCK TABLE public.%I IN SHARE MODE', part);
    EXECUTE format('CREATE TABLE public.%I (LIKE %s INCLUDING ALL EXCLUDING IDENTITY)', stays, p_table);
    PERFORM month_close(stays);
    EXECUTE format('GRANT SELECT, INSERT ON public.%I TO %I', stays, session_user);
    RETURN stays;
END
$$;


--
-- Name: month_bound(regclass, date); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.month_bound(p_table regclass, p_month date) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public'
    AS $$
    SELECT CASE atttypid
        WHEN 'bigint'::regtype
        THEN ((extract(epoch FROM p_month::timestamp AT TIME ZONE 'UTC') * 1000)::bigint)::text
        ELSE (p_month::timestamp AT TIME ZONE 'UTC')::text
    END
    FROM pg_partitioned_table JOIN pg_attribute ON attrelid = partrelid AND attnum = partattrs[0]
    WHERE partrelid = p_table
$$;


--
-- Name: month_close(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.month_close(p_part text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public'
    AS $$
DECLARE
    grantee regrole;
BEGIN
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', p_part);
    EXECUTE format('ALTER TABLE public.%I FORCE ROW LEVEL SECURITY', p_part);
    FOR grantee IN
        SELECT DISTINCT acl.grantee::regrole
        FROM pg_class, aclexplode(relacl) AS acl
        WHERE pg_class.oid = format('public.%I', p_part)::regclass AND acl.grantee NOT IN (0, relowner)
    LOOP
        EXECUTE format('REVOKE ALL ON public.%I FROM %s', p_part, grantee);
        IF (SELECT rolbypassrls FROM pg_roles WHERE oid = grantee::oid) THEN
            EXECUTE format('GRANT SELECT ON public.%I TO %s', p_part, grantee);
        END IF;
    END LOOP;
END
$$;


--
-- Name: month_go_on(regclass, date, boolean); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.month_go_on(p_table regclass, p_month date, p_stays boolean) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
DECLARE
    month date := date_trunc('month', p_month);
    part text := month_part(p_table, month);
    stays text := part || '_stays';
BEGIN
    PERFORM month_may_go(month);
    EXECUTE format('ALTER TABLE %s DETACH PARTITION public.%I', p_table, part);
    EXECUTE format('DROP TABLE public.%I', part);
    IF NOT p_stays THEN
        EXECUTE format('DROP TABLE public.%I', stays);
        RETURN;
    END IF;
    EXECUTE format('REVOKE INSERT ON public.%I FROM %I', stays, session_user);
    EXECUTE format('ALTER TABLE public.%I RENAME TO %I', stays, part);
    EXECUTE format(
        'ALTER TABLE %s ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)',
        p_table, part, month_bound(p_table, month), month_bound(p_table, (month + interval '1 month')::date)
    );
    EXECUTE format('COMMENT ON TABLE public.%I IS %L', part, 'thinned');
END
$$;


--
-- Name: month_make(regclass, date); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.month_make(p_table regclass, p_day date) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
DECLARE
    month date := date_trunc('month', p_day);
    part text := month_part(p_table, month);
BEGIN
    IF to_regclass(format('public.%I', part)) IS NOT NULL THEN
        RETURN true;
    END IF;
    IF p_day NOT BETWEEN '2009-01-01' AND current_date + 366 THEN
        RAISE EXCEPTION 'No rows are kept for %: pass a day between 2009 and a year from now.', p_day;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('month_make', 0));
    IF to_regclass(format('public.%I', part)) IS NOT NULL THEN
        RETURN true;
    END IF;
    BEGIN
        EXECUTE format(
            'CREATE TABLE public.%I PARTITION OF %s FOR VALUES FROM (%L) TO (%L)',
            part, p_table, month_bound(p_table, month), month_bound(p_table, (month + interval '1 month')::date)
        );
    EXCEPTION WHEN check_violation THEN
        RETURN false;
    END;
    PERFORM month_close(part);
    RETURN true;
END
$$;


--
-- Name: month_may_go(date); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.month_may_go(p_month date) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'public'
    AS $$
BEGIN
    IF NOT (SELECT rolbypassrls FROM pg_roles WHERE rolname = session_user) THEN
        RAISE EXCEPTION 'What is old is forgotten by the system role only.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF (p_month + interval '1 month') AT TIME ZONE 'UTC' > now() - interval '30 days' THEN
        RAISE EXCEPTION 'Nothing of the last 30 days is forgotten.' USING ERRCODE = 'check_violation';
    END IF;
END
$$;


--
-- Name: month_part(regclass, date); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.month_part(p_table regclass, p_month date) RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public'
    AS $$
    SELECT relname || '_' || to_char(p_month, 'YYYYMM') FROM pg_class WHERE oid = p_table
$$;


--
-- Name: month_rest_away(regclass); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.month_rest_away(p_table regclass) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
BEGIN
    PERFORM month_may_go('2009-01-01');
    EXECUTE format('DROP TABLE public.%I', (SELECT relname FROM pg_class WHERE oid = p_table) || '_rest_off');
END
$$;


--
-- Name: month_rest_off(regclass); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.month_rest_off(p_table regclass) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
DECLARE
    rest text := (SELECT relname FROM pg_class WHERE oid = p_table) || '_rest';
    off text := rest || '_off';
BEGIN
    PERFORM month_may_go('2009-01-01');
    EXECUTE format('ALTER TABLE %s DETACH PARTITION public.%I', p_table, rest);
    EXECUTE format('ALTER TABLE public.%I RENAME TO %I', rest, off);
    EXECUTE format('CREATE TABLE public.%I PARTITION OF %s DEFAULT', rest, p_table);
    PERFORM month_close(rest);
    RETURN off;
END
$$;


--
-- Name: months_make_ahead(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.months_make_ahead() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
DECLARE
    each regclass;
BEGIN
    FOR each IN
        SELECT partrelid::regclass FROM pg_partitioned_table JOIN pg_class ON pg_class.oid = partrelid
        WHERE partstrat = 'r' AND relnamespace = 'public'::regnamespace ORDER BY relname
    LOOP
        FOR number IN 0..3 LOOP
            PERFORM month_make(each, ((now() AT TIME ZONE 'UTC') + number * interval '1 month')::date);
        END LOOP;
    END LOOP;
END
$$;


--
-- Name: months_of(regclass); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.months_of(p_table regclass) RETURNS TABLE(month date, ends timestamp with time zone, is_thinned boolean)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public'
    AS $_$
    SELECT known.month, (known.month + interval '1 month') AT TIME ZONE 'UTC',
           coalesce(obj_description(inhrelid, 'pg_class') = 'thinned', false)
    FROM pg_inherits
    JOIN pg_class ON pg_class.oid = inhrelid
    CROSS JOIN LATERAL (SELECT to_date(right(relname, 6) || '01', 'YYYYMMDD') AS month) AS known
    WHERE inhparent = p_table AND relname ~ '_\d{6}$'
    ORDER BY 1
$_$;


--
-- Name: oldest_running(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.oldest_running() RETURNS xid8
    LANGUAGE plpgsql
    AS $$
DECLARE
    seen CONSTANT pg_snapshot := pg_current_snapshot();
BEGIN
    -- The oldest transaction that may still write here: what those before it wrote is all to be seen. The server counts
    -- the transactions of all its databases together, and those that are known to run in another one do not matter; of
    -- whom nothing is known is taken for one of ours. What this transaction itself writes is read by the next.
    -- What began after the snapshot's end is not in its list, running or not, and may be older than this transaction.
    RETURN least(
        (
            SELECT min(running::text::numeric)::text::xid8
            FROM (
                SELECT running FROM pg_snapshot_xip(seen) AS running
                WHERE NOT EXISTS (
                    SELECT FROM pg_locks AS held JOIN pg_stat_activity AS session USING (pid)
                    WHERE held.locktype = 'transactionid' AND held.mode = 'ExclusiveLock'
                          AND held.transactionid = running::xid
                          AND (
                              session.datid <> (SELECT oid FROM pg_database WHERE datname = current_database())
                              OR session.usesysid IS NULL -- the server's own: analysing a table writes no row of it
                          )
                )
                UNION ALL
                SELECT pg_current_xact_id_if_assigned()
            ) AS ours
            WHERE running IS NOT NULL
        ),
        pg_snapshot_xmax(seen)
    );
END $$;


--
-- Name: owner_fills(uuid); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.owner_fills(p_owner uuid) RETURNS TABLE(wallet_id uuid, quote text, at timestamp with time zone, volume numeric, written xid8)
    LANGUAGE sql STABLE
    AS $$
    -- Plain enough to become part of the statement that asks, with its conditions on `written` or on wallet and moment.
    SELECT fill.wallet_id, market.quote::text, fill.filled_at, fill.price * fill.quantity, fill.written
    FROM trading_fill AS fill JOIN market_instruments AS market USING (instrument_id)
    WHERE fill.owner_id = p_owner
$$;


--
-- Name: owner_trades(uuid); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.owner_trades(p_owner uuid) RETURNS TABLE(wallet_id uuid, quote text, at timestamp with time zone, profit numeric, written xid8)
    LANGUAGE sql STABLE
    AS $$
    SELECT trade.wallet_id, market.quote::text, trade.closed_at, trade.realized_pnl, trade.closed_in
    FROM trading_position AS trade JOIN market_instruments AS market USING (instrument_id)
    WHERE trade.owner_id = p_owner AND trade.closed_at IS NOT NULL
$$;


--
-- Name: portfolio_bounded(numeric); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.portfolio_bounded(amount numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT round(least(greatest(coalesce(amount, 0), -1e44), 1e44), 18)
$$;


--
-- Name: portfolio_day_agrees(uuid, text, timestamp with time zone, timestamp with time zone, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.portfolio_day_agrees(p_scope uuid, p_base text, opened timestamp with time zone, closed timestamp with time zone, p_equity numeric, p_low numeric, p_high numeric, p_flow numeric, p_flows numeric, p_realized numeric, p_realized_pnl numeric, p_fees numeric, p_fees_paid numeric, p_funding numeric, p_funding_got numeric, p_adjustments numeric, p_market numeric) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public'
    AS $$
    WITH own AS (
        SELECT * FROM public.portfolio_hourlyperformance
        WHERE scope = p_scope AND base = p_base AND at > opened - interval '1 hour' AND at <= closed
              AND opened_at >= opened AND closed_at <= closed
    ),
    summed AS (
        SELECT min(low) AS low, max(high) AS high, public.portfolio_bounded(sum(flow)) AS flow,
               public.portfolio_bounded(sum(realized)) AS realized, public.portfolio_bounded(sum(fees)) AS fees,
               public.portfolio_bounded(sum(funding)) AS funding,
               public.portfolio_bounded(sum(adjustments)) AS adjustments, sum(market) AS market
        FROM own
    )
    SELECT (
               summed.low, summed.high, summed.flow, summed.realized, summed.fees, summed.funding, summed.adjustments,
               summed.market
           ) = (p_low, p_high, p_flow, p_realized, p_fees, p_funding, p_adjustments, p_market)
           AND (last.equity, last.realized_pnl, last.fees_paid, last.funding_got, last.flows)
               = (p_equity, p_realized_pnl, p_fees_paid, p_funding_got, p_flows)
    FROM summed JOIN own AS last ON last.closed_at = closed
$$;


--
-- Name: portfolio_day_is_known(uuid, text, timestamp with time zone, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.portfolio_day_is_known(p_scope uuid, p_base text, opened timestamp with time zone, closed timestamp with time zone) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public'
    AS $$
    SELECT bool_and(
        EXISTS (SELECT FROM public.portfolio_snapshot WHERE scope = p_scope AND base = p_base AND at = moment)
        OR EXISTS (
            SELECT FROM public.portfolio_hourlyperformance
            WHERE scope = p_scope AND base = p_base AND at > moment - interval '1 hour' AND at <= moment
                  AND moment IN (opened_at, closed_at)
        )
    )
    FROM (VALUES (coalesce(opened, closed)), (closed)) AS needed (moment)
$$;


--
-- Name: portfolio_flow_follows(uuid, text, timestamp with time zone, numeric, numeric); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.portfolio_flow_follows(p_scope uuid, p_base text, p_at timestamp with time zone, p_flow numeric, p_flows numeric) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public'
    AS $$
    SELECT p_flow = p_flows - (
        SELECT flows FROM public.portfolio_snapshot
        WHERE scope = p_scope AND base = p_base AND at < p_at
              AND (equity <> 0 OR flow <> 0 OR unpriced = '[]'::jsonb)
        ORDER BY at DESC LIMIT 1
    )
$$;


--
-- Name: portfolio_give_up_days(uuid[], timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.portfolio_give_up_days(p_scopes uuid[], since timestamp with time zone) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
    DELETE FROM public.portfolio_dailyperformance
    WHERE scope = ANY (p_scopes) AND (since IS NULL OR ends > since)
          AND portfolio_day_is_known(scope, base, opened_at, closed_at)
$$;


--
-- Name: portfolio_give_up_hours(uuid[], timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.portfolio_give_up_hours(p_scopes uuid[], since timestamp with time zone) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
    DELETE FROM public.portfolio_hourlyperformance
    WHERE scope = ANY (p_scopes) AND (since IS NULL OR ends > since)
          AND portfolio_hour_is_known(scope, base, opened_at, closed_at)
$$;


--
-- Name: portfolio_grown(uuid, text, timestamp with time zone, numeric, numeric); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.portfolio_grown(p_scope uuid, p_base text, p_at timestamp with time zone, p_equity numeric, p_flow numeric) RETURNS double precision
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public'
    AS $$
    SELECT CASE
        WHEN equity + greatest(p_flow, 0) > 0
        THEN public.portfolio_index(twr_index, (p_equity - least(p_flow, 0)) / (equity + greatest(p_flow, 0)))
        ELSE twr_index
    END
    FROM public.portfolio_snapshot
    WHERE scope = p_scope AND base = p_base AND at < p_at
          AND (equity <> 0 OR flow <> 0 OR unpriced = '[]'::jsonb)
    ORDER BY at DESC LIMIT 1
$$;


--
-- Name: portfolio_hour_agrees(uuid, text, timestamp with time zone, timestamp with time zone, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric, numeric); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.portfolio_hour_agrees(p_scope uuid, p_base text, opened timestamp with time zone, closed timestamp with time zone, p_equity numeric, p_low numeric, p_high numeric, p_flow numeric, p_flows numeric, p_realized numeric, p_realized_pnl numeric, p_fees numeric, p_fees_paid numeric, p_funding numeric, p_funding_got numeric, p_adjustments numeric, p_market numeric) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public'
    AS $$
    WITH own AS (
        SELECT at, equity, realized_pnl, fees, funding, flow, flows, adjustments FROM public.portfolio_snapshot
        WHERE scope = p_scope AND base = p_base AND at BETWEEN opened AND closed
              AND (equity <> 0 OR flow <> 0 OR unpriced = '[]'::jsonb)
    ),
    summed AS (
        SELECT min(equity) AS low, max(equity) AS high, public.portfolio_bounded(sum(flow)) AS flow,
               public.portfolio_bounded(sum(adjustments)) AS adjustments
        FROM own
    ),
    earlier AS (
        SELECT equity, realized_pnl, fees, funding FROM public.portfolio_snapshot
        WHERE scope = p_scope AND base = p_base AND at < opened
              AND (equity <> 0 OR flow <> 0 OR unpriced = '[]'::jsonb)
        ORDER BY at DESC LIMIT 1
    )
    SELECT (summed.low, summed.high, summed.flow, summed.adjustments) = (p_low, p_high, p_flow, p_adjustments)
           AND (own.equity, own.realized_pnl, own.fees, own.funding, own.flows)
               = (p_equity, p_realized_pnl, p_fees_paid, p_funding_got, p_flows)
           AND (
               earlier.equity IS NULL
               OR (
                   public.portfolio_bounded(own.realized_pnl - earlier.realized_pnl + own.fees - earlier.fees),
                   public.portfolio_bounded(own.fees - earlier.fees),
                   public.portfolio_bounded(own.funding - earlier.funding),
                   own.equity - earlier.equity - p_flow - p_realized - p_funding + p_fees - p_adjustments
               ) = (p_realized, p_fees, p_funding, p_market)
           )
    FROM summed JOIN own ON own.at = closed LEFT JOIN earlier ON true
$$;


--
-- Name: portfolio_hour_is_known(uuid, text, timestamp with time zone, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.portfolio_hour_is_known(p_scope uuid, p_base text, opened timestamp with time zone, closed timestamp with time zone) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public'
    AS $$
    SELECT EXISTS (SELECT FROM public.portfolio_snapshot WHERE scope = p_scope AND base = p_base AND at = closed)
           AND (opened IS NULL OR EXISTS (
               SELECT FROM public.portfolio_snapshot WHERE scope = p_scope AND base = p_base AND at = opened
           ))
$$;


--
-- Name: portfolio_index(double precision, numeric); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.portfolio_index(before double precision, factor numeric) RETURNS double precision
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT CASE WHEN grown < 1e-18 THEN 0 ELSE least(grown, 1e100) END
    FROM (
        SELECT CASE WHEN before > 0 THEN before ELSE 1 END * round(greatest(factor, 0), 18)::double precision
    ) AS growth (grown)
$$;


--
-- Name: portfolio_prices(uuid, text, timestamp with time zone, boolean); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.portfolio_prices(p_owner uuid, p_currency text, p_at timestamp with time zone, p_is_live boolean) RETURNS TABLE(venue text, base text, asset text, price numeric, at timestamp with time zone, source text, is_carried boolean)
    LANGUAGE plpgsql STABLE ROWS 20
    AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH place AS (SELECT wallet_id, base_asset, venue FROM wallet_places WHERE owner_id = p_owner),
    held AS (
        SELECT place.venue::text AS venue, array_agg(DISTINCT part.asset) AS assets
        FROM (
            SELECT book.wallet_id, book.asset FROM wallet_books(p_owner) AS book
            UNION ALL
            SELECT opened.wallet_id, opened.asset FROM wallet_derivatives(p_owner) AS opened
        ) AS part
        JOIN place USING (wallet_id)
        GROUP BY place.venue
    ),
    base AS (
        SELECT base_asset::text AS asset FROM place
        UNION
        SELECT p_currency
        UNION
        SELECT instrument.quote::text
        FROM position_totals(p_owner) AS position JOIN market_instruments AS instrument USING (instrument_id)
        WHERE position.quantity <> 0
    )
    SELECT held.venue, base.asset, found.asset, found.price, found.at, found.source, found.is_carried
    FROM held
    CROSS JOIN base
    CROSS JOIN LATERAL market_prices(held.venue, base.asset, held.assets, p_at, p_is_live) AS found;
END
$$;


--
-- Name: portfolio_refuse_rewriting(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.portfolio_refuse_rewriting() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'A value of the past is corrected together with what it said before.'
        USING ERRCODE = 'integrity_constraint_violation';
END $$;


--
-- Name: portfolio_refuse_what_does_not_follow(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.portfolio_refuse_what_does_not_follow() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public'
    AS $$
BEGIN
    IF row_security_active(TG_RELID) AND EXISTS (
        WITH shifted AS (
            SELECT came.scope, came.base, min(came.at) AS since, count(*) AS rows, count(DISTINCT (came.flows - gone.flows, came.fees - gone.fees, came.funding - gone.funding)) AS shifts
            FROM came JOIN gone USING (id, at)
            WHERE (came.flows, came.fees, came.funding) IS DISTINCT FROM (gone.flows, gone.fees, gone.funding)
            GROUP BY came.scope, came.base HAVING bool_or(came.equity_before IS NULL)
        ),
        adjusted AS (
            SELECT came.scope, came.base, came.at AS since, gone.adjustments - came.adjustments AS less
            FROM came JOIN gone USING (id, at)
            WHERE came.adjustments <> gone.adjustments AND came.equity_before IS NULL
        ),
        grown AS (
            SELECT came.scope, came.base, min(came.at) AS since, max(came.at) AS until, count(*) AS rows,
                   min(came.twr_index / nullif(gone.twr_index, 0)) AS least,
                   max(came.twr_index / nullif(gone.twr_index, 0)) AS most
            FROM came JOIN gone USING (id, at)
            WHERE came.twr_index <> gone.twr_index
            GROUP BY came.scope, came.base HAVING bool_or(came.equity_before IS NULL)
        )
        SELECT FROM shifted
        WHERE shifts > 1
              OR rows < (
                  SELECT count(*) FROM public.portfolio_snapshot AS later
                  WHERE later.scope = shifted.scope AND later.base = shifted.base AND later.at >= since
              )
              OR (
                  SELECT corrected_at IS NOT NULL OR equity_before IS NOT NULL FROM public.portfolio_snapshot AS before
                  WHERE before.scope = shifted.scope AND before.base = shifted.base AND before.at < since
                  ORDER BY at DESC LIMIT 1
              ) IS NOT TRUE
        UNION ALL
        SELECT FROM adjusted
        WHERE (
            SELECT corrected_at IS NOT NULL OR equity_before IS NOT NULL OR adjustments = less
            FROM public.portfolio_snapshot AS before
            WHERE before.scope = adjusted.scope AND before.base = adjusted.base AND before.at < since
                  AND (equity <> 0 OR flow <> 0 OR unpriced = '[]'::jsonb)
            ORDER BY at DESC LIMIT 1
        ) IS NOT TRUE
        UNION ALL
        SELECT FROM grown JOIN came ON (came.scope, came.base, came.at) = (grown.scope, grown.base, since)
        WHERE most > least * (1 + 1e-9)
              OR rows < (
                  SELECT count(*) FROM public.portfolio_snapshot AS between_them
                  WHERE between_them.scope = grown.scope AND between_them.base = grown.base
                        AND between_them.at BETWEEN since AND until
              )
              OR (
                  abs(came.twr_index - public.portfolio_grown(came.scope, came.base, since, came.equity, came.flow))
                  <= 1e-9 * came.twr_index + 1e-15
              ) IS NOT TRUE
    ) THEN
        RAISE EXCEPTION 'What a value of the past has added up changes with what it said before, or as the one before it.'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;


--
-- Name: portfolio_stood_below(uuid, uuid[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.portfolio_stood_below(p_owner uuid, p_roots uuid[]) RETURNS TABLE(root_id uuid, wallet_id uuid, times tstzmultirange)
    LANGUAGE sql STABLE
    AS $$
    WITH RECURSIVE place (wallet_id, under_id, time) AS MATERIALIZED (
        SELECT stay.wallet_id, stay.under_id,
               tstzrange(lag(stay.until) OVER (PARTITION BY stay.wallet_id ORDER BY stay.until), stay.until, '(]')
        FROM portfolio_stay AS stay WHERE stay.owner_id = p_owner
        UNION ALL
        SELECT now.wallet_id, now.parent_id, tstzrange(moved.last, NULL, '()')
        FROM wallet_places AS now
        LEFT JOIN (
            SELECT stay.wallet_id, max(stay.until) AS last FROM portfolio_stay AS stay
            WHERE stay.owner_id = p_owner GROUP BY stay.wallet_id
        ) AS moved USING (wallet_id)
        WHERE now.owner_id = p_owner
    ),
    below (root_id, wallet_id, time) AS (
        SELECT root, root, tstzrange(NULL, NULL) FROM unnest(p_roots) AS root
        UNION ALL
        SELECT below.root_id, place.wallet_id, below.time * place.time
        FROM below JOIN place ON place.under_id = below.wallet_id AND place.time && below.time
    )
    SELECT below.root_id, below.wallet_id, range_agg(below.time) FROM below GROUP BY below.root_id, below.wallet_id
$$;


--
-- Name: portfolio_value_before(uuid, text, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.portfolio_value_before(p_scope uuid, p_base text, p_at timestamp with time zone) RETURNS TABLE(at timestamp with time zone, equity numeric, realized_pnl numeric, fees numeric, flows numeric, twr_index double precision, funding numeric)
    LANGUAGE sql STABLE ROWS 1
    AS $$
    SELECT *
    FROM (
        (
            SELECT snapshot.at, snapshot.equity, snapshot.realized_pnl, snapshot.fees, snapshot.flows, snapshot.twr_index,
                   snapshot.funding
            FROM portfolio_snapshot AS snapshot
            WHERE snapshot.scope = p_scope AND snapshot.base = p_base AND snapshot.at < p_at
                  AND (snapshot.equity <> 0 OR snapshot.flow <> 0 OR snapshot.unpriced = '[]'::jsonb)
            ORDER BY snapshot.at DESC LIMIT 1
        )
        UNION ALL
        (
            SELECT hour.closed_at, hour.equity, hour.realized_pnl, hour.fees_paid, hour.flows, hour.twr_index, hour.funding_got
            FROM portfolio_hourlyperformance AS hour
            WHERE hour.scope = p_scope AND hour.base = p_base AND hour.at < p_at AND hour.closed_at < p_at
            ORDER BY hour.at DESC LIMIT 1
        )
        UNION ALL
        (
            SELECT day.closed_at, day.equity, day.realized_pnl, day.fees_paid, day.flows, day.twr_index, day.funding_got
            FROM portfolio_dailyperformance AS day
            WHERE day.scope = p_scope AND day.base = p_base AND day.day <= (p_at AT TIME ZONE 'UTC')::date + 1
                  AND day.closed_at < p_at
            ORDER BY day.day DESC LIMIT 1
        )
    ) AS known
    ORDER BY known.at DESC LIMIT 1
$$;


--
-- Name: position_totals(uuid); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.position_totals(p_owner uuid) RETURNS TABLE(wallet_id uuid, instrument_id bigint, realized numeric, quantity numeric, entry_price numeric)
    LANGUAGE sql STABLE
    AS $$
    -- `realized` is of all positions there ever were, net of fees, in the quote asset, the closed ones from their sums;
    -- `quantity` of the open one, of which there is at most one, negative when it is short, and 0 when there is none.
    SELECT wallet_id, instrument_id, coalesce(closed.won - closed.lost, 0) + coalesce(held.realized_pnl, 0),
           coalesce(CASE held.direction WHEN 'long' THEN held.quantity ELSE -held.quantity END, 0), held.entry_price
    FROM (SELECT * FROM trading_tradetotal WHERE owner_id = p_owner) AS closed
    FULL JOIN (SELECT * FROM trading_position WHERE owner_id = p_owner AND closed_at IS NULL) AS held
         USING (wallet_id, instrument_id)
$$;


--
-- Name: refuse_change(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% is refused on %: rows of a history are never changed or removed.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;


--
-- Name: refuse_what_is_over(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refuse_what_is_over() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF row_security_active(TG_RELID) THEN
        RAISE EXCEPTION '% is refused on %: what is over stays as it is.', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    RETURN NEW;
END $$;


--
-- Name: refused_orders(uuid); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.refused_orders(p_wallet uuid) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
    -- Null where there are none. `limit` is the most frequent one among the newest hundred, '' where a venue rejected
    -- the order. What stands after the last accepted order was refused: its status need not be read to be counted.
    WITH accepted AS MATERIALIZED (
        SELECT coalesce(
            (
                SELECT created_at FROM trading_order WHERE wallet_id = p_wallet AND status <> 'rejected'
                ORDER BY created_at DESC LIMIT 1
            ),
            '-infinity'
        ) AS at
    ),
    counted AS (
        SELECT count(*) AS count, min(created_at) AS since FROM trading_order
        WHERE wallet_id = p_wallet AND created_at > (SELECT at FROM accepted)
    ),
    refused AS (
        SELECT id, created_at, attempts = 0 AS is_by_gate, refusal FROM trading_order
        WHERE wallet_id = p_wallet AND created_at > (SELECT at FROM accepted)
        ORDER BY created_at DESC LIMIT 100
    ),
    judged AS (
        SELECT refused.*, coalesce(verdict."limit", '') AS cause, verdict.numbers ->> 'maximum_notional' AS maximum
        FROM refused
        LEFT JOIN LATERAL (
            SELECT "limit", numbers FROM trading_riskdecision WHERE order_id = refused.id AND NOT allowed
            ORDER BY id DESC LIMIT 1
        ) AS verdict ON true
    ),
    most AS (
        SELECT is_by_gate, cause, (array_agg(maximum ORDER BY created_at DESC))[1] AS maximum,
               (array_agg(refusal ORDER BY created_at DESC))[1] AS refusal
        FROM judged GROUP BY is_by_gate, cause ORDER BY count(*) DESC, max(created_at) DESC LIMIT 1
    )
    SELECT jsonb_build_object(
        'count', counted.count, 'since', counted.since,
        'is_by_gate', most.is_by_gate, 'limit', most.cause, 'maximum', most.maximum, 'refusal', most.refusal
    )
    FROM most, counted
$$;


--
-- Name: require_scope(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.require_scope() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public'
    AS $$
DECLARE
    scopes text := NULLIF(current_setting('app.scopes', true), '');
BEGIN
    IF scopes IS NOT NULL AND NOT (TG_ARGV[0] = ANY (string_to_array(scopes, ','))) THEN
        RAISE EXCEPTION 'A program without the scope % may not write %.', TG_ARGV[0], TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF TG_LEVEL = 'STATEMENT' THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END $$;


--
-- Name: trade_sums(uuid, timestamp with time zone, uuid[], timestamp with time zone, bigint); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.trade_sums(p_owner uuid, p_since timestamp with time zone, p_wallets uuid[], p_until timestamp with time zone DEFAULT NULL::timestamp with time zone, p_instrument bigint DEFAULT NULL::bigint) RETURNS TABLE(trades bigint, won_trades bigint, lost_trades bigint, won numeric, lost numeric, fees numeric, quote text)
    LANGUAGE sql STABLE
    AS $$
    -- Of trades closed from `p_since` on and before `p_until`, in one instrument, of these wallets and of those that stood
    -- below them when they were closed; NULL leaves each of these out. Whole UTC days come from their sums, what is before the first and after the last of them
    -- from its trades, and all there ever was from the totals, so that the cost does not grow with the trades.
    -- `quote` is what all of their markets are paid in, NULL where they are paid in several: sums say nothing then.
    WITH span AS (
        SELECT coalesce(p_since, '-infinity') AS since, coalesce(p_until, 'infinity') AS until
    ),
    days AS (
        SELECT since, until, (since AT TIME ZONE 'UTC')::date
               + CASE WHEN since = date_trunc('day', since AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' THEN 0 ELSE 1 END AS first,
               (until AT TIME ZONE 'UTC')::date AS last
        FROM span
    ),
    edges AS (
        SELECT since AS from_at, least(until, first::timestamp AT TIME ZONE 'UTC') AS to_at FROM days
        UNION ALL
        SELECT greatest(last::timestamp AT TIME ZONE 'UTC', least(until, first::timestamp AT TIME ZONE 'UTC')), until
        FROM days
    ),
    part AS (
        SELECT slice.wallet_id, slice.under, slice.instrument_id, trades, won_trades, lost_trades, won, lost, fees
        FROM trading_tradeslice AS slice
        WHERE slice.owner_id = p_owner AND slice.by = 'all' AND p_since IS NULL AND p_until IS NULL
        UNION ALL
        SELECT sums.wallet_id, sums.under, sums.instrument_id, trades, won_trades, lost_trades, won, lost, fees
        FROM trading_tradeday AS sums
        WHERE sums.owner_id = p_owner AND NOT (p_since IS NULL AND p_until IS NULL)
              AND day >= (SELECT first FROM days) AND day < (SELECT last FROM days)
        UNION ALL
        SELECT closed.*
        FROM edges
        CROSS JOIN LATERAL (
            SELECT wallet_id, coalesce(closed_under, wallet_id), instrument_id, 1, (realized_pnl > 0)::integer,
                   (realized_pnl < 0)::integer, greatest(realized_pnl, 0), greatest(-realized_pnl, 0), position.fees
            FROM trading_position AS position
            WHERE owner_id = p_owner AND closed_at >= from_at AND closed_at < to_at
            OFFSET 0  -- an edge at a time, by the index: planned together, every trade there is would be read
        ) AS closed
        WHERE NOT (p_since IS NULL AND p_until IS NULL) AND isfinite(from_at) AND isfinite(to_at)
    )
    SELECT coalesce(sum(trades), 0)::bigint, coalesce(sum(won_trades), 0)::bigint, coalesce(sum(lost_trades), 0)::bigint,
           coalesce(sum(won), 0), coalesce(sum(lost), 0), coalesce(sum(fees), 0),
           (
               SELECT CASE WHEN count(DISTINCT market.quote) = 1 THEN min(market.quote) END
               FROM trading_tradeslice AS slice JOIN market_instruments AS market USING (instrument_id)
               WHERE slice.owner_id = p_owner AND slice.by = 'all' AND slice.trades <> 0
                     AND (p_instrument IS NULL OR instrument_id = p_instrument)
                     AND (p_wallets IS NULL OR slice.wallet_id = ANY (p_wallets)
                          OR slice.under IN (SELECT wallet_id FROM wallet_subtree(p_wallets)))
           )
    FROM part
    WHERE (p_instrument IS NULL OR instrument_id = p_instrument)
          AND (p_wallets IS NULL OR wallet_id = ANY (p_wallets)
          OR under IN (SELECT wallet_id FROM wallet_subtree(p_wallets)))
$$;


--
-- Name: trade_sums_of_spans(uuid, timestamp with time zone[], timestamp with time zone[], uuid[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.trade_sums_of_spans(p_owner uuid, p_begins timestamp with time zone[], p_ends timestamp with time zone[], p_wallets uuid[]) RETURNS TABLE(place bigint, wallet_id uuid, under uuid, instrument_id bigint, trades bigint, won_trades bigint, lost_trades bigint, won numeric, lost numeric, fees numeric)
    LANGUAGE sql STABLE
    AS $$
    -- As `trades_of_spans`, with their sums: whole UTC days from theirs, what a span has of others from the trades.
    WITH span AS (
        SELECT given.place, given.begins, given.ends, given.ends AT TIME ZONE 'UTC' AS last,
               date_trunc('day', given.begins AT TIME ZONE 'UTC' + interval '1 day' - interval '1 microsecond') AS first
        FROM unnest(p_begins, p_ends) WITH ORDINALITY AS given (begins, ends, place)
    ),
    edge AS (
        SELECT place, begins AS since, least(ends, first AT TIME ZONE 'UTC') AS until FROM span
        UNION ALL
        SELECT place, greatest(date_trunc('day', last), first) AT TIME ZONE 'UTC', ends FROM span
    ),
    part AS (
        SELECT span.place, sums.wallet_id, sums.under, sums.instrument_id, sums.trades, sums.won_trades,
               sums.lost_trades, sums.won, sums.lost, sums.fees
        FROM span
        JOIN trading_tradeday AS sums ON sums.owner_id = p_owner AND sums.day >= first::date AND sums.day < last::date
        UNION ALL
        SELECT edge.place, closed.*
        FROM edge
        CROSS JOIN LATERAL (
            SELECT wallet_id, coalesce(closed_under, wallet_id), instrument_id, 1, (realized_pnl > 0)::integer,
                   (realized_pnl < 0)::integer, greatest(realized_pnl, 0), greatest(-realized_pnl, 0), position.fees
            FROM trading_position AS position
            WHERE owner_id = p_owner AND closed_at >= since AND closed_at < until
            OFFSET 0  -- an edge at a time, by the index: planned together, every trade there is would be read
        ) AS closed
    )
    SELECT place, wallet_id, under, instrument_id, sum(trades)::bigint, sum(won_trades)::bigint, sum(lost_trades)::bigint,
           sum(won), sum(lost), sum(fees)
    FROM part
    WHERE p_wallets IS NULL OR wallet_id = ANY (p_wallets)
          OR under IN (SELECT wallet_id FROM wallet_subtree(p_wallets))
    GROUP BY place, wallet_id, under, instrument_id
$$;


--
-- Name: trades_of_spans(uuid, timestamp with time zone[], timestamp with time zone[], uuid[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.trades_of_spans(p_owner uuid, p_begins timestamp with time zone[], p_ends timestamp with time zone[], p_wallets uuid[]) RETURNS TABLE(place bigint, trades bigint, won_trades bigint, lost_trades bigint)
    LANGUAGE sql STABLE
    AS $$
    -- Of trades of these wallets and of those that stood below them when they were closed, or of all where none are named, from each beginning to before its end;
    -- `place` counts the spans from 1, those without a trade have no row. The whole UTC days of a span come from their
    -- sums, what it has of others (its reader may live elsewhere) from the trades, so that the cost does not grow with
    -- them.
    WITH span AS (
        SELECT given.place, given.begins, given.ends, given.ends AT TIME ZONE 'UTC' AS last,
               date_trunc('day', given.begins AT TIME ZONE 'UTC' + interval '1 day' - interval '1 microsecond') AS first
        FROM unnest(p_begins, p_ends) WITH ORDINALITY AS given (begins, ends, place)
    ),
    edge AS (
        SELECT place, begins AS since, least(ends, first AT TIME ZONE 'UTC') AS until FROM span
        UNION ALL
        SELECT place, greatest(date_trunc('day', last), first) AT TIME ZONE 'UTC', ends FROM span
    ),
    part AS (
        SELECT span.place, sums.wallet_id, sums.under, sums.trades, sums.won_trades, sums.lost_trades
        FROM span
        JOIN trading_tradeday AS sums ON sums.owner_id = p_owner AND sums.day >= first::date AND sums.day < last::date
        UNION ALL
        SELECT edge.place, closed.*
        FROM edge
        CROSS JOIN LATERAL (
            SELECT wallet_id, coalesce(closed_under, wallet_id), 1, (realized_pnl > 0)::integer, (realized_pnl < 0)::integer
            FROM trading_position
            WHERE owner_id = p_owner AND closed_at >= since AND closed_at < until
            OFFSET 0  -- an edge at a time, by the index: planned together, every trade there is would be read
        ) AS closed
    )
    SELECT place, sum(trades)::bigint, sum(won_trades)::bigint, sum(lost_trades)::bigint
    FROM part
    WHERE p_wallets IS NULL OR wallet_id = ANY (p_wallets)
          OR under IN (SELECT wallet_id FROM wallet_subtree(p_wallets))
    GROUP BY place
    HAVING sum(trades) <> 0
$$;


--
-- Name: trading_add_to_held(uuid, uuid, bigint, timestamp with time zone, numeric, numeric, numeric, numeric); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.trading_add_to_held(p_owner uuid, p_wallet uuid, p_instrument bigint, p_at timestamp with time zone, p_quantity numeric, p_cost numeric, p_realized numeric, p_fees numeric) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
    more_paid numeric := greatest(p_cost - p_realized, 0);
    more_got numeric := greatest(p_realized - p_cost, 0);
BEGIN
    IF (p_quantity, p_cost, p_realized, p_fees) = (0, 0, 0, 0) THEN
        RETURN;
    END IF;
    INSERT INTO public.trading_heldtotal AS held
        (owner_id, wallet_id, instrument_id, at, quantity, cost, paid, got, fees)
    SELECT p_owner, p_wallet, p_instrument, p_at, coalesce(before.quantity, 0) + p_quantity,
           coalesce(before.cost, 0) + p_cost, coalesce(before.paid, 0) + more_paid, coalesce(before.got, 0) + more_got,
           coalesce(before.fees, 0) + p_fees
    FROM (SELECT) AS one
    LEFT JOIN LATERAL (
        SELECT * FROM public.trading_heldtotal
        WHERE owner_id = p_owner AND wallet_id = p_wallet AND instrument_id = p_instrument AND at <= p_at
        ORDER BY at DESC LIMIT 1
    ) AS before ON true
    ON CONFLICT (owner_id, wallet_id, instrument_id, at) DO UPDATE
    SET quantity = excluded.quantity, cost = excluded.cost, paid = excluded.paid, got = excluded.got,
        fees = excluded.fees;
    UPDATE public.trading_heldtotal
    SET quantity = quantity + p_quantity, cost = cost + p_cost, paid = paid + more_paid, got = got + more_got,
        fees = fees + p_fees
    WHERE owner_id = p_owner AND wallet_id = p_wallet AND instrument_id = p_instrument AND at > p_at;
END $$;


--
-- Name: trading_position; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trading_position (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    direction character varying(5) NOT NULL,
    quantity numeric(38,18) NOT NULL,
    entry_quantity numeric(38,18) NOT NULL,
    entry_price numeric(38,18) NOT NULL,
    exit_quantity numeric(38,18) NOT NULL,
    exit_price numeric(38,18),
    fees numeric(38,18) NOT NULL,
    realized_pnl numeric(38,18) NOT NULL,
    exit_stop numeric(38,18),
    exit_target numeric(38,18),
    exit_trail numeric(38,18),
    entry_reason jsonb NOT NULL,
    exit_reason jsonb NOT NULL,
    opened_at timestamp with time zone NOT NULL,
    closed_at timestamp with time zone,
    instrument_id bigint NOT NULL,
    owner_id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    closed_in xid8,
    traded_at timestamp with time zone,
    leverage numeric(38,18),
    cost numeric(38,18),
    margin numeric(38,18),
    liquidation_price numeric(38,18),
    funding numeric(64,18) DEFAULT 0 NOT NULL,
    hold_id bigint,
    closed_under uuid,
    exit_cause character varying(12) DEFAULT ''::character varying NOT NULL,
    regime character varying(8) DEFAULT ''::character varying NOT NULL,
    margin_shortfall numeric(38,18) DEFAULT 0 NOT NULL,
    CONSTRAINT position_amounts_finite CHECK (((entry_price < '100000000000000000000'::numeric) AND (entry_quantity < '100000000000000000000'::numeric) AND (exit_price < '100000000000000000000'::numeric) AND (exit_quantity < '100000000000000000000'::numeric) AND (exit_stop < '100000000000000000000'::numeric) AND (exit_target < '100000000000000000000'::numeric) AND (exit_trail < '100000000000000000000'::numeric) AND (fees < '100000000000000000000'::numeric) AND (quantity < '100000000000000000000'::numeric) AND (realized_pnl < '100000000000000000000'::numeric))),
    CONSTRAINT position_closed_when_flat CHECK ((((closed_at IS NULL) AND (quantity > (0)::numeric)) OR ((closed_at IS NOT NULL) AND (quantity = (0)::numeric)))),
    CONSTRAINT position_direction_known CHECK (((direction)::text = ANY (ARRAY[('long'::character varying)::text, ('short'::character varying)::text]))),
    CONSTRAINT position_margin CHECK ((((cost IS NULL) AND (hold_id IS NULL) AND (leverage IS NULL) AND (liquidation_price IS NULL) AND (margin IS NULL) AND (margin_shortfall = (0)::numeric)) OR ((cost >= (0)::numeric) AND (leverage >= (1)::numeric) AND (margin >= margin_shortfall) AND (margin_shortfall >= (0)::numeric)))),
    CONSTRAINT position_margin_finite CHECK (((cost < '100000000000000000000'::numeric) AND (funding < '100000000000000000000'::numeric) AND (leverage < '100000000000000000000'::numeric) AND (liquidation_price < '100000000000000000000'::numeric) AND (margin < '100000000000000000000'::numeric))),
    CONSTRAINT trading_position_cost_check CHECK ((cost <> 'NaN'::numeric)),
    CONSTRAINT trading_position_entry_price_check CHECK ((entry_price <> 'NaN'::numeric)),
    CONSTRAINT trading_position_entry_quantity_check CHECK ((entry_quantity <> 'NaN'::numeric)),
    CONSTRAINT trading_position_exit_price_check CHECK ((exit_price <> 'NaN'::numeric)),
    CONSTRAINT trading_position_exit_quantity_check CHECK ((exit_quantity <> 'NaN'::numeric)),
    CONSTRAINT trading_position_exit_stop_check CHECK ((exit_stop <> 'NaN'::numeric)),
    CONSTRAINT trading_position_exit_target_check CHECK ((exit_target <> 'NaN'::numeric)),
    CONSTRAINT trading_position_exit_trail_check CHECK ((exit_trail <> 'NaN'::numeric)),
    CONSTRAINT trading_position_fees_check CHECK ((fees <> 'NaN'::numeric)),
    CONSTRAINT trading_position_funding_check CHECK ((funding <> 'NaN'::numeric)),
    CONSTRAINT trading_position_leverage_check CHECK ((leverage <> 'NaN'::numeric)),
    CONSTRAINT trading_position_liquidation_price_check CHECK ((liquidation_price <> 'NaN'::numeric)),
    CONSTRAINT trading_position_margin_check CHECK ((margin <> 'NaN'::numeric)),
    CONSTRAINT trading_position_margin_shortfall_check CHECK ((margin_shortfall <> 'NaN'::numeric)),
    CONSTRAINT trading_position_quantity_check CHECK ((quantity <> 'NaN'::numeric)),
    CONSTRAINT trading_position_realized_pnl_check CHECK ((realized_pnl <> 'NaN'::numeric))
)
WITH (fillfactor='70');

ALTER TABLE ONLY public.trading_position FORCE ROW LEVEL SECURITY;


--
-- Name: trading_add_to_slices(public.trading_position, integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.trading_add_to_slices(closed public.trading_position, sign integer) RETURNS void
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    INSERT INTO public.trading_tradeslice AS sums (
        owner_id, wallet_id, under, instrument_id, by, key, trades, won_trades, lost_trades, won, lost, fees, traded
    )
    SELECT closed.owner_id, closed.wallet_id, coalesce(closed.closed_under, closed.wallet_id), closed.instrument_id,
           kind.by, kind.key, sign, sign * (closed.realized_pnl > 0)::integer, sign * (closed.realized_pnl < 0)::integer,
           sign * greatest(closed.realized_pnl, 0), sign * greatest(-closed.realized_pnl, 0), sign * closed.fees,
           sign * round(closed.entry_quantity * closed.entry_price
                        + closed.exit_quantity * coalesce(closed.exit_price, 0), 18)
    FROM public.trading_kinds_of(closed) AS kind
    ORDER BY kind.by
    ON CONFLICT (wallet_id, under, instrument_id, by, key) DO UPDATE
    SET trades = sums.trades + excluded.trades, won_trades = sums.won_trades + excluded.won_trades,
        lost_trades = sums.lost_trades + excluded.lost_trades, won = sums.won + excluded.won,
        lost = sums.lost + excluded.lost, fees = sums.fees + excluded.fees, traded = sums.traded + excluded.traded
$$;


--
-- Name: trading_add_to_sums(public.trading_position, integer); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.trading_add_to_sums(closed public.trading_position, sign integer) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
    won numeric := sign * greatest(closed.realized_pnl, 0);
    lost numeric := sign * greatest(-closed.realized_pnl, 0);
    is_won integer := sign * (closed.realized_pnl > 0)::integer;
    is_lost integer := sign * (closed.realized_pnl < 0)::integer;
    closed_on date := (closed.closed_at AT TIME ZONE 'UTC')::date;
BEGIN
    INSERT INTO public.trading_tradetotal AS sums
        (owner_id, wallet_id, instrument_id, trades, won_trades, lost_trades, won, lost, fees)
    VALUES (closed.owner_id, closed.wallet_id, closed.instrument_id, sign, is_won, is_lost, won, lost,
            sign * closed.fees)
    ON CONFLICT (wallet_id, instrument_id) DO UPDATE
    SET trades = sums.trades + excluded.trades, won_trades = sums.won_trades + excluded.won_trades,
        lost_trades = sums.lost_trades + excluded.lost_trades, won = sums.won + excluded.won,
        lost = sums.lost + excluded.lost, fees = sums.fees + excluded.fees;
    INSERT INTO public.trading_tradeday AS sums
        (owner_id, wallet_id, under, instrument_id, day, trades, won_trades, lost_trades, won, lost, fees)
    VALUES (closed.owner_id, closed.wallet_id, coalesce(closed.closed_under, closed.wallet_id), closed.instrument_id,
            closed_on, sign, is_won, is_lost, won, lost,
            sign * closed.fees)
    ON CONFLICT (wallet_id, under, day, instrument_id) DO UPDATE
    SET trades = sums.trades + excluded.trades, won_trades = sums.won_trades + excluded.won_trades,
        lost_trades = sums.lost_trades + excluded.lost_trades, won = sums.won + excluded.won,
        lost = sums.lost + excluded.lost, fees = sums.fees + excluded.fees;
END $$;


--
-- Name: trading_bar_of(uuid); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.trading_bar_of(p_wallet uuid) RETURNS interval
    LANGUAGE sql STABLE
    AS $$
    SELECT coalesce((SELECT timeframe::interval FROM farms_agent WHERE wallet_id = p_wallet), interval '1 hour')
$$;


--
-- Name: trading_cursors_begin_anew(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.trading_cursors_begin_anew() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    -- 3 is the oldest transaction that there can be.
    ALTER TABLE public.trading_fill ALTER COLUMN written TYPE xid8 USING '3'::xid8;
    ALTER TABLE public.trading_position ALTER COLUMN closed_in TYPE xid8
        USING CASE WHEN closed_at IS NOT NULL THEN '3'::xid8 END;
END $$;


--
-- Name: trading_entry_lock(uuid, bigint, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.trading_entry_lock(p_wallet uuid, p_instrument bigint, p_now timestamp with time zone) RETURNS bigint
    LANGUAGE sql STABLE
    AS $$
    SELECT CASE WHEN EXISTS (SELECT FROM trading_entrylock WHERE ended_at IS NULL AND until > p_now) THEN (
        WITH path AS MATERIALIZED (SELECT wallet_id, connection_id FROM wallet_path(p_wallet))
        SELECT held.id
        FROM path
        JOIN trading_entrylock AS held ON held.wallet_id = path.wallet_id AND held.until > p_now
            AND (held.instrument_id IS NULL OR (held.instrument_id = p_instrument AND held.wallet_id = p_wallet))
        JOIN trading_risklimit AS own ON own.id = held.limit_id
        WHERE own.wallet_id IN (SELECT wallet_id FROM path) OR own.connection_id IN (SELECT connection_id FROM path)
        ORDER BY held.until DESC, held.id LIMIT 1
    ) END
$$;


--
-- Name: trading_guard_order(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.trading_guard_order() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.origin = 'external' THEN
            IF NEW.status <> 'open' OR NEW.filled_quantity <> 0 THEN
                RAISE EXCEPTION 'An order of the venue starts as open, with nothing filled.'
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END IF;
        IF NEW.status NOT IN ('draft', 'waiting', 'submitting', 'rejected') THEN
            RAISE EXCEPTION 'An order starts as draft, waiting, submitting or rejected, not as %.', NEW.status
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.status <> OLD.status AND OLD.status || '>' || NEW.status NOT IN ('draft>waiting', 'draft>submitting', 'draft>rejected', 'waiting>submitting', 'waiting>cancelled', 'waiting>expired', 'submitting>open', 'submitting>partially_filled', 'submitting>uncertain', 'submitting>filled', 'submitting>cancelled', 'submitting>rejected', 'submitting>expired', 'open>partially_filled', 'open>uncertain', 'open>filled', 'open>cancelled', 'open>rejected', 'open>expired', 'partially_filled>uncertain', 'partially_filled>filled', 'partially_filled>cancelled', 'partially_filled>expired', 'uncertain>submitting', 'uncertain>open', 'uncertain>partially_filled', 'uncertain>filled', 'uncertain>cancelled', 'uncertain>rejected', 'uncertain>expired') THEN
        RAISE EXCEPTION 'An order that is % cannot become %.', OLD.status, NEW.status
            USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.filled_quantity < OLD.filled_quantity THEN
        RAISE EXCEPTION 'What was filled stays filled.' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.attempts < OLD.attempts THEN
        RAISE EXCEPTION 'What was sent stays sent.' USING ERRCODE = 'check_violation';
    END IF;
    -- What trails only follows the best price, as long as it waits.
    IF NEW.trigger_price IS DISTINCT FROM OLD.trigger_price AND NOT (
        OLD.type = 'trailing_stop' AND OLD.status = 'waiting'
        AND CASE OLD.side WHEN 'sell' THEN NEW.trigger_price > OLD.trigger_price
                          ELSE NEW.trigger_price < OLD.trigger_price END)
    THEN
        RAISE EXCEPTION 'A trigger follows the best price and never moves back.' USING ERRCODE = 'check_violation';
    END IF;
    -- How much was ordered at the venue, the venue says.
    IF NEW.quantity <> OLD.quantity AND OLD.origin <> 'external' THEN
        RAISE EXCEPTION 'The intent of an order never changes.' USING ERRCODE = 'check_violation';
    END IF;
    IF (NEW.id, NEW.created_at, NEW.owner_id, NEW.wallet_id, NEW.connection_id, NEW.instrument_id, NEW.key, NEW.client_order_id, NEW.side, NEW.type, NEW.limit_price, NEW.time_in_force, NEW.expires_at, NEW.post_only, NEW.trail, NEW.trail_share, NEW.trail_atr, NEW.trail_timeframe, NEW.target_price, NEW.reduce_only, NEW.leverage, NEW.reference_price, NEW.exit_stop, NEW.exit_target, NEW.exit_trail, NEW.protects_id, NEW.replaces_id, NEW.origin, NEW.crossed_quantity) IS DISTINCT FROM (OLD.id, OLD.created_at, OLD.owner_id, OLD.wallet_id, OLD.connection_id, OLD.instrument_id, OLD.key, OLD.client_order_id, OLD.side, OLD.type, OLD.limit_price, OLD.time_in_force, OLD.expires_at, OLD.post_only, OLD.trail, OLD.trail_share, OLD.trail_atr, OLD.trail_timeframe, OLD.target_price, OLD.reduce_only, OLD.leverage, OLD.reference_price, OLD.exit_stop, OLD.exit_target, OLD.exit_trail, OLD.protects_id, OLD.replaces_id, OLD.origin, OLD.crossed_quantity)
    THEN
        RAISE EXCEPTION 'The intent of an order never changes.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;


--
-- Name: trading_keep_held(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.trading_keep_held() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
DECLARE
    was record;
    now_is record;
    changed public.trading_position := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    sign integer := CASE changed.direction WHEN 'long' THEN 1 ELSE -1 END;
    moment timestamptz;
BEGIN
    SELECT 0::numeric AS quantity, 0::numeric AS cost, 0::numeric AS realized, 0::numeric AS fees INTO was;
    now_is := was;
    IF TG_OP <> 'INSERT' THEN
        SELECT sign * OLD.quantity AS quantity, round(sign * OLD.quantity * OLD.entry_price, 18) AS cost,
               OLD.realized_pnl AS realized, OLD.fees AS fees INTO was;
    ELSIF NEW.closed_at IS NOT NULL THEN
        -- Over when it is told: all of it was bought when it was opened.
        SELECT sign * NEW.entry_quantity AS quantity, round(sign * NEW.entry_quantity * NEW.entry_price, 18) AS cost,
               0::numeric AS realized, 0::numeric AS fees INTO was;
        PERFORM public.trading_add_to_held(
            NEW.owner_id, NEW.wallet_id, NEW.instrument_id, NEW.opened_at, was.quantity, was.cost, 0, 0
        );
    END IF;
    IF TG_OP <> 'DELETE' THEN
        SELECT sign * NEW.quantity AS quantity, round(sign * NEW.quantity * NEW.entry_price, 18) AS cost,
               NEW.realized_pnl AS realized, NEW.fees AS fees INTO now_is;
    END IF;
    moment := coalesce(changed.closed_at, changed.traded_at, changed.opened_at);
    PERFORM public.trading_add_to_held(
        changed.owner_id, changed.wallet_id, changed.instrument_id, moment, now_is.quantity - was.quantity,
        now_is.cost - was.cost, now_is.realized - was.realized, now_is.fees - was.fees
    );
    RETURN NULL;
END $$;


--
-- Name: trading_keep_slices(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.trading_keep_slices() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.closed_at IS NOT NULL THEN
        PERFORM public.trading_add_to_slices(OLD, -1);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.closed_at IS NOT NULL THEN
        PERFORM public.trading_add_to_slices(NEW, 1);
    END IF;
    RETURN NULL;
END $$;


--
-- Name: trading_keep_sums(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.trading_keep_sums() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.closed_at IS NOT NULL THEN
        PERFORM public.trading_add_to_sums(OLD, -1);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.closed_at IS NOT NULL THEN
        PERFORM public.trading_add_to_sums(NEW, 1);
    END IF;
    RETURN NULL;
END $$;


--
-- Name: trading_kinds_of(public.trading_position); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.trading_kinds_of(closed public.trading_position) RETURNS TABLE(by text, key text)
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'public', 'pg_temp'
    AS $$
    VALUES ('all', ''), ('exit', closed.exit_cause), ('regime', closed.regime),
           ('hour', lpad(extract(hour FROM closed.opened_at AT TIME ZONE 'UTC')::text, 2, '0'))
$$;


--
-- Name: trading_note_closing(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.trading_note_closing() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF NEW.closed_at IS NULL THEN
        NEW.closed_in := NULL;
        NEW.closed_under := NULL;
        NEW.regime := '';
    ELSIF TG_OP = 'UPDATE' AND OLD.closed_at IS NOT NULL THEN
        NEW.closed_in := OLD.closed_in;
        NEW.closed_under := OLD.closed_under;
        NEW.regime := OLD.regime;
    ELSE
        NEW.closed_in := pg_current_xact_id();
        NEW.closed_under := wallet_under(NEW.wallet_id, NEW.closed_at);
        NEW.regime := market_regime(NEW.instrument_id, NEW.opened_at);
    END IF;
    RETURN NEW;
END $$;


--
-- Name: trading_open_below(uuid, uuid); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.trading_open_below(p_wallet uuid, p_connection uuid) RETURNS integer
    LANGUAGE sql STABLE
    AS $$
    WITH place AS (
        SELECT wallet_id FROM wallet_subtree(ARRAY[p_wallet]) WHERE p_wallet IS NOT NULL
        UNION ALL
        SELECT wallet_id FROM wallet_places WHERE connection_id = p_connection
    ),
    held AS (
        SELECT wallet_id, instrument_id FROM trading_position JOIN place USING (wallet_id) WHERE closed_at IS NULL
        UNION
        SELECT wallet_id, instrument_id FROM trading_order JOIN place USING (wallet_id)
        WHERE side = 'buy' AND status IN ('submitting', 'open', 'partially_filled', 'uncertain')
    )
    SELECT count(*)::integer FROM held
$$;


--
-- Name: trading_refuse_change(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.trading_refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% is a history: rows are never changed or removed.', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;


--
-- Name: trading_sent_below(uuid, uuid, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.trading_sent_below(p_wallet uuid, p_connection uuid, p_since timestamp with time zone) RETURNS integer
    LANGUAGE sql STABLE
    AS $$
    SELECT count(*)::integer
    FROM (
        SELECT wallet_id, connection_id FROM trading_order
        WHERE created_at > p_since AND (status <> 'rejected' OR attempts > 0) AND origin <> 'external'
        OFFSET 0
    ) AS sent
    WHERE sent.connection_id = p_connection
        OR sent.wallet_id IN (SELECT wallet_id FROM wallet_subtree(ARRAY[p_wallet]))
$$;


--
-- Name: users_guard_user(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.users_guard_user() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'public'
    AS $$
DECLARE
    tenant uuid := NULLIF(current_setting('app.user_id', true), '')::uuid;
BEGIN
    IF (SELECT rolbypassrls FROM pg_roles WHERE rolname = current_user)
       OR pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NEW.is_staff OR NEW.is_superuser THEN
            RAISE EXCEPTION 'Operators are made by the system role only.' USING ERRCODE = 'insufficient_privilege';
        END IF;
    ELSIF (NEW.is_staff, NEW.is_superuser, NEW.is_active) IS DISTINCT FROM
          (OLD.is_staff, OLD.is_superuser, OLD.is_active) THEN
        RAISE EXCEPTION 'What a person may do is changed by the system role only.'
            USING ERRCODE = 'insufficient_privilege';
    ELSIF NEW.password IS DISTINCT FROM OLD.password AND NEW.id IS DISTINCT FROM tenant THEN
        RAISE EXCEPTION 'A password is changed on behalf of whose it is.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;


--
-- Name: users_password(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.users_password() RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'public'
    AS $$
    SELECT password FROM public.users_user WHERE id = NULLIF(current_setting('app.user_id', true), '')::uuid
$$;


--
-- Name: venue_name(text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.venue_name(p_venue text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    SELECT coalesce((SELECT name FROM wallets_platform WHERE slug = p_venue), initcap(p_venue))
$$;


--
-- Name: wallet_balance(uuid, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.wallet_balance(p_wallet uuid, p_asset text) RETURNS numeric
    LANGUAGE sql STABLE
    AS $$
    SELECT balance FROM wallets_account WHERE wallet_id = p_wallet AND asset = p_asset AND kind = 'wallet'
$$;


--
-- Name: wallet_books(uuid); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.wallet_books(p_owner uuid) RETURNS TABLE(wallet_id uuid, asset text, held numeric, flow numeric, fees numeric, adjustments numeric, reserved numeric, realized numeric, funding numeric)
    LANGUAGE sql STABLE
    AS $$
    SELECT account.wallet_id, account.asset,
           coalesce(sum(balance) FILTER (WHERE kind = 'wallet'), 0),
           coalesce(sum(balance) FILTER (WHERE kind NOT IN ('external', 'suspense')), 0),
           coalesce(sum(balance) FILTER (WHERE kind IN ('fees', 'costs')), 0),
           coalesce(-sum(balance) FILTER (WHERE kind = 'pnl'), 0),
           coalesce(sum(account.held) FILTER (WHERE kind = 'wallet'), 0),
           coalesce(-sum(balance) FILTER (WHERE kind IN ('profit', 'costs')), 0),
           coalesce(-sum(balance) FILTER (WHERE kind = 'funding'), 0)
    FROM wallets_account AS account
    WHERE account.owner_id = p_owner
    GROUP BY account.wallet_id, account.asset
$$;


--
-- Name: wallet_derivatives(uuid); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.wallet_derivatives(p_owner uuid) RETURNS TABLE(position_id bigint, wallet_id uuid, symbol text, side text, asset text, underlying text, contracts numeric, contract_size numeric, entry_price numeric, mark_price numeric, is_inverse boolean, profit numeric, notional numeric, units numeric, at timestamp with time zone)
    LANGUAGE sql STABLE ROWS 5
    AS $$
    SELECT held.id, coalesce(held.wallet_id, own.wallet_id), held.symbol, held.side, held.settle,
           coalesce(nullif(held.base, ''), held.symbol),
           held.quantity, held.contract_size, held.entry_price, held.mark_price, held.is_inverse, held.unrealized_pnl,
           round(CASE WHEN held.is_inverse THEN counts.size / counts.price ELSE counts.size * counts.price END, 18),
           round(CASE WHEN held.is_inverse THEN counts.size / counts.price ELSE counts.size END, 18),
           held.at
    FROM wallets_venueposition AS held
    JOIN wallets_connection AS account ON account.id = held.connection_id AND account.state <> 'archived'
    CROSS JOIN LATERAL (
        SELECT CASE held.side WHEN 'short' THEN -1 ELSE 1 END * held.quantity * held.contract_size,
               greatest(coalesce(nullif(held.mark_price, 0), held.entry_price), 1e-18)
    ) AS counts (size, price)
    CROSS JOIN LATERAL wallet_of_derivatives(held.connection_id) AS own
    WHERE held.owner_id = p_owner
$$;


--
-- Name: wallet_of_derivatives(uuid); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.wallet_of_derivatives(p_connection uuid) RETURNS TABLE(wallet_id uuid)
    LANGUAGE sql STABLE ROWS 1
    AS $$
    SELECT own.id
    FROM wallets_connection AS account
    JOIN wallets_wallet AS own ON own.connection_id = account.id
    WHERE account.id = p_connection AND own.archived_at IS NULL
    ORDER BY own.id IS DISTINCT FROM account.derivatives_to_id, own.role <> 'unassigned', own.role <> 'master',
             own.created_at, own.id
    LIMIT 1
$$;


--
-- Name: wallet_path(uuid); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.wallet_path(p_wallet uuid) RETURNS TABLE(step integer, wallet_id uuid, connection_id uuid, name text, trading_state text, held_for text)
    LANGUAGE sql STABLE
    AS $$
    WITH RECURSIVE path AS (
        SELECT id, parent_id, wallets_wallet.connection_id, wallets_wallet.name, wallets_wallet.trading_state,
               protects_in_halt, wallets_wallet.held_for, 0 AS step
        FROM wallets_wallet WHERE id = p_wallet
        UNION ALL
        SELECT above.*, path.step + 1
        FROM path
        CROSS JOIN LATERAL (
            SELECT wallet.id, wallet.parent_id, wallet.connection_id, wallet.name, wallet.trading_state,
                   wallet.protects_in_halt, wallet.held_for
            FROM wallets_wallet AS wallet WHERE wallet.id = path.parent_id LIMIT 1  -- so it is looked up, not joined
        ) AS above
    )
    SELECT path.step, path.id, NULL::uuid, path.name,
           CASE WHEN path.trading_state = 'halted' AND NOT path.protects_in_halt THEN 'frozen'
                ELSE path.trading_state END, path.held_for
    FROM path
    UNION ALL
    SELECT -1, NULL, venue.id, venue.name,
           CASE WHEN venue.state <> 'active' THEN 'closed'
                WHEN NOT venue.is_paper AND venue.live_at IS NULL THEN 'watching'
                ELSE 'active' END, ''
    FROM path JOIN wallets_connection AS venue ON venue.id = path.connection_id
    WHERE path.step = 0
    ORDER BY 1
$$;


--
-- Name: wallet_profits(uuid, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.wallet_profits(p_owner uuid, p_since timestamp with time zone) RETURNS TABLE(wallet_id uuid, quote text, profit numeric)
    LANGUAGE sql STABLE
    AS $$
    -- Of the spot trades that closed from `p_since` on, net of fees. Whole UTC days come from their sums, as in
    -- `trade_sums`. What derivatives made is read off the books.
    WITH day AS (SELECT (p_since AT TIME ZONE 'UTC')::date + 1 AS first)
    SELECT part.wallet_id, market.quote::text, sum(part.profit)
    FROM (
        SELECT wallet_id, instrument_id, won - lost AS profit FROM trading_tradeday
        WHERE owner_id = p_owner AND day >= (SELECT first FROM day)
        UNION ALL
        SELECT wallet_id, instrument_id, realized_pnl FROM trading_position
        WHERE owner_id = p_owner AND closed_at >= p_since
              AND closed_at < (SELECT first FROM day)::timestamp AT TIME ZONE 'UTC'
    ) AS part
    JOIN market_instruments AS market USING (instrument_id)
    WHERE NOT market.is_derivative
    GROUP BY part.wallet_id, market.quote
$$;


--
-- Name: wallet_stricter(text, text); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.wallet_stricter(one text, other text) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT CASE WHEN coalesce(array_position(ARRAY['active', 'reducing', 'halted'], one), 4)
                     >= coalesce(array_position(ARRAY['active', 'reducing', 'halted'], other), 4)
                THEN one ELSE other END
$$;


--
-- Name: wallet_subtree(uuid[]); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.wallet_subtree(p_wallets uuid[]) RETURNS TABLE(root_id uuid, wallet_id uuid, distance integer, state text)
    LANGUAGE sql STABLE ROWS 50
    AS $$
    WITH RECURSIVE subtree (root_id, wallet_id, distance, state) AS (
        SELECT id, id, 0, trading_state::text FROM wallets_wallet WHERE id = ANY (p_wallets)
        UNION ALL
        SELECT subtree.root_id, below.id, subtree.distance + 1, wallet_stricter(subtree.state, below.trading_state)
        FROM subtree JOIN wallets_wallet AS below ON below.parent_id = subtree.wallet_id
    )
    SELECT * FROM subtree
$$;


--
-- Name: wallet_under(uuid, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.wallet_under(p_wallet uuid, p_at timestamp with time zone) RETURNS uuid
    LANGUAGE plpgsql STABLE
    AS $$
DECLARE
    stood record;
BEGIN
    SELECT under_id INTO stood FROM portfolio_stay
    WHERE wallet_id = p_wallet AND until >= p_at ORDER BY until LIMIT 1;
    IF FOUND THEN
        RETURN stood.under_id;
    END IF;
    RETURN (SELECT parent_id FROM wallet_places WHERE wallet_id = p_wallet);
END $$;


--
-- Name: wallets_guard_live(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.wallets_guard_live() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF current_user <> (SELECT tableowner FROM pg_tables WHERE schemaname = TG_TABLE_SCHEMA AND tablename = TG_TABLE_NAME)
    THEN
        RAISE EXCEPTION 'A connection is made live by its owner in person.' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;


--
-- Name: wallets_is_previewed(uuid); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.wallets_is_previewed(plan uuid) RETURNS boolean
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'public'
    AS $$
    SELECT EXISTS (SELECT FROM public.wallets_fundallocation WHERE id = plan AND status = 'previewed')
$$;


--
-- Name: wallets_make_live(uuid, timestamp with time zone); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.wallets_make_live(connection uuid, moment timestamp with time zone) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'public'
    AS $$
BEGIN
    UPDATE wallets_connection SET live_at = moment
    WHERE id = connection AND owner_id = NULLIF(current_setting('app.user_id', true), '')::uuid
        AND NOT is_paper AND live_at IS NULL;
    RETURN FOUND;
END $$;


--
-- Name: alerts_alert; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alerts_alert (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    level character varying(8) NOT NULL,
    key character varying(200) NOT NULL,
    title character varying(200) NOT NULL,
    body text NOT NULL,
    resolved_at timestamp with time zone,
    owner_id uuid NOT NULL,
    about character varying(60) NOT NULL,
    acknowledged_at timestamp with time zone,
    facts jsonb NOT NULL,
    kind character varying(40) NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    raised_at timestamp with time zone NOT NULL,
    resolved_by_hand boolean NOT NULL,
    times integer NOT NULL,
    CONSTRAINT alerts_alert_times_check CHECK ((times >= 0))
);

ALTER TABLE ONLY public.alerts_alert FORCE ROW LEVEL SECURITY;


--
-- Name: alerts_channel; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alerts_channel (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    kind character varying(8) NOT NULL,
    name character varying(80) NOT NULL,
    address bytea NOT NULL,
    hint character varying(120) NOT NULL,
    level character varying(8) NOT NULL,
    areas jsonb NOT NULL,
    quiet_from time without time zone,
    quiet_until time without time zone,
    is_active boolean NOT NULL,
    last_success_at timestamp with time zone,
    last_error_at timestamp with time zone,
    last_error character varying(300) NOT NULL,
    owner_id uuid NOT NULL,
    digest_at time without time zone,
    digested_on date,
    heard bigint NOT NULL,
    link_code character varying(64) NOT NULL,
    link_until timestamp with time zone,
    linked_at timestamp with time zone,
    CONSTRAINT channel_quiet_hours_begin_and_end CHECK ((((quiet_from IS NULL) AND (quiet_until IS NULL)) OR ((quiet_from IS NOT NULL) AND (quiet_until IS NOT NULL))))
);

ALTER TABLE ONLY public.alerts_channel FORCE ROW LEVEL SECURITY;


--
-- Name: alerts_delivery; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alerts_delivery (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    purpose character varying(8) NOT NULL,
    status character varying(8) NOT NULL,
    tries smallint NOT NULL,
    next_try_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    said character varying(300) NOT NULL,
    alert_id uuid,
    channel_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    platform_alert_id uuid,
    CONSTRAINT alerts_delivery_tries_check CHECK ((tries >= 0))
);

ALTER TABLE ONLY public.alerts_delivery FORCE ROW LEVEL SECURITY;


--
-- Name: alerts_mute; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alerts_mute (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    key character varying(200) NOT NULL,
    until timestamp with time zone,
    owner_id uuid NOT NULL
);

ALTER TABLE ONLY public.alerts_mute FORCE ROW LEVEL SECURITY;


--
-- Name: alerts_platformalert; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alerts_platformalert (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    level character varying(8) NOT NULL,
    key character varying(200) NOT NULL,
    kind character varying(40) NOT NULL,
    title character varying(200) NOT NULL,
    body text NOT NULL,
    facts jsonb NOT NULL,
    about character varying(60) NOT NULL,
    times integer NOT NULL,
    raised_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    acknowledged_at timestamp with time zone,
    resolved_at timestamp with time zone,
    resolved_by_hand boolean NOT NULL,
    acknowledged_by_id uuid,
    CONSTRAINT alerts_platformalert_times_check CHECK ((times >= 0))
);

ALTER TABLE ONLY public.alerts_platformalert FORCE ROW LEVEL SECURITY;


--
-- Name: alerts_taskfailure; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alerts_taskfailure (
    id bigint NOT NULL,
    work character varying(160) NOT NULL,
    failures integer NOT NULL,
    error text NOT NULL,
    failed_at timestamp with time zone NOT NULL,
    owner_id uuid NOT NULL,
    CONSTRAINT alerts_taskfailure_failures_check CHECK ((failures >= 0))
);

ALTER TABLE ONLY public.alerts_taskfailure FORCE ROW LEVEL SECURITY;


--
-- Name: alerts_taskfailure_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.alerts_taskfailure ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.alerts_taskfailure_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: approvals_approval; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.approvals_approval (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    kind character varying(20) NOT NULL,
    given jsonb NOT NULL,
    title jsonb NOT NULL,
    lines jsonb NOT NULL,
    reason character varying(500) NOT NULL,
    asked_by character varying(80) NOT NULL,
    key character varying(100) NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    status character varying(8) NOT NULL,
    answered_at timestamp with time zone,
    answered_by character varying(80) NOT NULL,
    note character varying(200) NOT NULL,
    result jsonb NOT NULL,
    owner_id uuid NOT NULL,
    token_id uuid,
    CONSTRAINT approval_is_over_when_answered CHECK ((((answered_at IS NULL) AND ((status)::text = 'open'::text)) OR ((NOT ((status)::text = 'open'::text)) AND (answered_at IS NOT NULL))))
);

ALTER TABLE ONLY public.approvals_approval FORCE ROW LEVEL SECURITY;


--
-- Name: audit_auditentry; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit_auditentry (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    area character varying(8) NOT NULL,
    action character varying(60) NOT NULL,
    subject character varying(200) NOT NULL,
    before jsonb NOT NULL,
    after jsonb NOT NULL,
    channel character varying(8) NOT NULL,
    address inet,
    token character varying(80) NOT NULL,
    actor_id uuid,
    owner_id uuid NOT NULL
)
PARTITION BY RANGE (at);

ALTER TABLE ONLY public.audit_auditentry FORCE ROW LEVEL SECURITY;


--
-- Name: audit_auditentry_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.audit_auditentry ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.audit_auditentry_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: audit_auditentry_rest; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit_auditentry_rest (
    id bigint CONSTRAINT audit_auditentry_id_not_null NOT NULL,
    at timestamp with time zone CONSTRAINT audit_auditentry_at_not_null NOT NULL,
    area character varying(8) CONSTRAINT audit_auditentry_area_not_null NOT NULL,
    action character varying(60) CONSTRAINT audit_auditentry_action_not_null NOT NULL,
    subject character varying(200) CONSTRAINT audit_auditentry_subject_not_null NOT NULL,
    before jsonb CONSTRAINT audit_auditentry_before_not_null NOT NULL,
    after jsonb CONSTRAINT audit_auditentry_after_not_null NOT NULL,
    channel character varying(8) CONSTRAINT audit_auditentry_channel_not_null NOT NULL,
    address inet,
    token character varying(80) CONSTRAINT audit_auditentry_token_not_null NOT NULL,
    actor_id uuid,
    owner_id uuid CONSTRAINT audit_auditentry_owner_id_not_null NOT NULL
);

ALTER TABLE ONLY public.audit_auditentry_rest FORCE ROW LEVEL SECURITY;


--
-- Name: audit_call; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit_call (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    token_id uuid NOT NULL,
    protocol character varying(4) NOT NULL,
    tool character varying(60) NOT NULL,
    arguments character varying(64) NOT NULL,
    status smallint NOT NULL,
    milliseconds integer NOT NULL,
    owner_id uuid NOT NULL,
    CONSTRAINT audit_call_milliseconds_check CHECK ((milliseconds >= 0)),
    CONSTRAINT audit_call_status_check CHECK ((status >= 0))
)
PARTITION BY RANGE (at);

ALTER TABLE ONLY public.audit_call FORCE ROW LEVEL SECURITY;


--
-- Name: audit_call_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.audit_call ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.audit_call_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: audit_call_rest; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit_call_rest (
    id bigint CONSTRAINT audit_call_id_not_null NOT NULL,
    at timestamp with time zone CONSTRAINT audit_call_at_not_null NOT NULL,
    token_id uuid CONSTRAINT audit_call_token_id_not_null NOT NULL,
    protocol character varying(4) CONSTRAINT audit_call_protocol_not_null NOT NULL,
    tool character varying(60) CONSTRAINT audit_call_tool_not_null NOT NULL,
    arguments character varying(64) CONSTRAINT audit_call_arguments_not_null NOT NULL,
    status smallint CONSTRAINT audit_call_status_not_null NOT NULL,
    milliseconds integer CONSTRAINT audit_call_milliseconds_not_null NOT NULL,
    owner_id uuid CONSTRAINT audit_call_owner_id_not_null NOT NULL,
    CONSTRAINT audit_call_milliseconds_check CHECK ((milliseconds >= 0)),
    CONSTRAINT audit_call_status_check CHECK ((status >= 0))
);

ALTER TABLE ONLY public.audit_call_rest FORCE ROW LEVEL SECURITY;


--
-- Name: auth_group; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.auth_group (
    id integer NOT NULL,
    name character varying(150) NOT NULL
);


--
-- Name: auth_group_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.auth_group ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_group_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: auth_group_permissions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.auth_group_permissions (
    id bigint NOT NULL,
    group_id integer NOT NULL,
    permission_id integer NOT NULL
);


--
-- Name: auth_group_permissions_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.auth_group_permissions ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_group_permissions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: auth_permission; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.auth_permission (
    id integer NOT NULL,
    name character varying(255) NOT NULL,
    content_type_id integer NOT NULL,
    codename character varying(100) NOT NULL
);


--
-- Name: auth_permission_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.auth_permission ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.auth_permission_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: axes_accessattempt; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.axes_accessattempt (
    id integer NOT NULL,
    user_agent character varying(255) NOT NULL,
    ip_address inet,
    username character varying(255),
    http_accept character varying(1025) NOT NULL,
    path_info character varying(255) NOT NULL,
    attempt_time timestamp with time zone NOT NULL,
    get_data text NOT NULL,
    post_data text NOT NULL,
    failures_since_start integer NOT NULL,
    CONSTRAINT axes_accessattempt_failures_since_start_check CHECK ((failures_since_start >= 0))
);


--
-- Name: axes_accessattempt_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.axes_accessattempt ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.axes_accessattempt_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: axes_accessattemptexpiration; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.axes_accessattemptexpiration (
    access_attempt_id integer NOT NULL,
    expires_at timestamp with time zone NOT NULL
);


--
-- Name: axes_accessfailurelog; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.axes_accessfailurelog (
    id integer NOT NULL,
    user_agent character varying(255) NOT NULL,
    ip_address inet,
    username character varying(255),
    http_accept character varying(1025) NOT NULL,
    path_info character varying(255) NOT NULL,
    attempt_time timestamp with time zone NOT NULL,
    locked_out boolean NOT NULL
);


--
-- Name: axes_accessfailurelog_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.axes_accessfailurelog ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.axes_accessfailurelog_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: axes_accesslog; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.axes_accesslog (
    id integer NOT NULL,
    user_agent character varying(255) NOT NULL,
    ip_address inet,
    username character varying(255),
    http_accept character varying(1025) NOT NULL,
    path_info character varying(255) NOT NULL,
    attempt_time timestamp with time zone NOT NULL,
    logout_time timestamp with time zone,
    session_hash character varying(64) NOT NULL
);


--
-- Name: axes_accesslog_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.axes_accesslog ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.axes_accesslog_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: django_admin_log; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.django_admin_log (
    id integer NOT NULL,
    action_time timestamp with time zone NOT NULL,
    object_id text,
    object_repr character varying(200) NOT NULL,
    action_flag smallint NOT NULL,
    change_message text NOT NULL,
    content_type_id integer,
    user_id uuid NOT NULL,
    CONSTRAINT django_admin_log_action_flag_check CHECK ((action_flag >= 0))
);


--
-- Name: django_admin_log_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.django_admin_log ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.django_admin_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: django_content_type; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.django_content_type (
    id integer NOT NULL,
    app_label character varying(100) NOT NULL,
    model character varying(100) NOT NULL
);


--
-- Name: django_content_type_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.django_content_type ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.django_content_type_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: django_migrations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.django_migrations (
    id bigint NOT NULL,
    app character varying(255) NOT NULL,
    name character varying(255) NOT NULL,
    applied timestamp with time zone NOT NULL
);


--
-- Name: django_migrations_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.django_migrations ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.django_migrations_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: django_session; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.django_session (
    session_key character varying(40) NOT NULL,
    session_data text NOT NULL,
    expire_date timestamp with time zone NOT NULL
);


--
-- Name: farms_advicecall; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.farms_advicecall (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    about character varying(60) NOT NULL,
    timeframe character varying(3) NOT NULL,
    occasion character varying(6) NOT NULL,
    model character varying(100) NOT NULL,
    status character varying(8) NOT NULL,
    cause jsonb NOT NULL,
    messages jsonb NOT NULL,
    markets jsonb NOT NULL,
    answers jsonb NOT NULL,
    reserved_tokens integer NOT NULL,
    reserved_cost numeric(38,18) NOT NULL,
    tokens_in integer,
    tokens_out integer,
    cost numeric(38,18),
    milliseconds integer,
    claimed_until timestamp with time zone,
    finished_at timestamp with time zone,
    agent_id uuid,
    endpoint_id uuid NOT NULL,
    farm_id uuid,
    instrument_id bigint,
    owner_id uuid NOT NULL,
    CONSTRAINT advice_call_is_over_or_not CHECK ((((finished_at IS NULL) AND ((status)::text = ANY (ARRAY[('waiting'::character varying)::text, ('asking'::character varying)::text]))) OR ((finished_at IS NOT NULL) AND ((status)::text = ANY (ARRAY[('proposal'::character varying)::text, ('nothing'::character varying)::text, ('failed'::character varying)::text, ('lost'::character varying)::text]))))),
    CONSTRAINT advice_call_reserves CHECK ((reserved_cost >= (0)::numeric)),
    CONSTRAINT farms_advicecall_cost_check CHECK ((cost <> 'NaN'::numeric)),
    CONSTRAINT farms_advicecall_milliseconds_check CHECK ((milliseconds >= 0)),
    CONSTRAINT farms_advicecall_reserved_cost_check CHECK ((reserved_cost <> 'NaN'::numeric)),
    CONSTRAINT farms_advicecall_reserved_tokens_check CHECK ((reserved_tokens >= 0)),
    CONSTRAINT farms_advicecall_tokens_in_check CHECK ((tokens_in >= 0)),
    CONSTRAINT farms_advicecall_tokens_out_check CHECK ((tokens_out >= 0))
);

ALTER TABLE ONLY public.farms_advicecall FORCE ROW LEVEL SECURITY;


--
-- Name: farms_adviceendpoint; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.farms_adviceendpoint (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    name character varying(80) NOT NULL,
    base_url character varying(200) NOT NULL,
    model character varying(100) NOT NULL,
    key bytea,
    price_in numeric(38,18) NOT NULL,
    price_out numeric(38,18) NOT NULL,
    most_tokens integer NOT NULL,
    seconds smallint NOT NULL,
    is_active boolean NOT NULL,
    paused_until timestamp with time zone,
    refusals smallint NOT NULL,
    stopped character varying(200) NOT NULL,
    CONSTRAINT endpoint_bounds CHECK (((most_tokens >= 50) AND (most_tokens <= 32000) AND (seconds >= 1) AND (seconds <= 300))),
    CONSTRAINT endpoint_prices CHECK (((price_in >= (0)::numeric) AND (price_out >= (0)::numeric))),
    CONSTRAINT farms_adviceendpoint_most_tokens_check CHECK ((most_tokens >= 0)),
    CONSTRAINT farms_adviceendpoint_price_in_check CHECK ((price_in <> 'NaN'::numeric)),
    CONSTRAINT farms_adviceendpoint_price_out_check CHECK ((price_out <> 'NaN'::numeric)),
    CONSTRAINT farms_adviceendpoint_refusals_check CHECK ((refusals >= 0)),
    CONSTRAINT farms_adviceendpoint_seconds_check CHECK ((seconds >= 0))
);


--
-- Name: farms_advicelevel; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.farms_advicelevel (
    id bigint NOT NULL,
    level character varying(8) NOT NULL,
    every smallint NOT NULL,
    daily_orders smallint NOT NULL,
    last_bar bigint,
    said jsonb NOT NULL,
    agent_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    CONSTRAINT advice_level_bounds CHECK (((daily_orders <= 100) AND (every <= 1000))),
    CONSTRAINT farms_advicelevel_daily_orders_check CHECK ((daily_orders >= 0)),
    CONSTRAINT farms_advicelevel_every_check CHECK ((every >= 0))
);

ALTER TABLE ONLY public.farms_advicelevel FORCE ROW LEVEL SECURITY;


--
-- Name: farms_advicelevel_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.farms_advicelevel ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.farms_advicelevel_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: farms_adviceproposal; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.farms_adviceproposal (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    timeframe character varying(3) NOT NULL,
    model character varying(100) NOT NULL,
    level character varying(8) NOT NULL,
    action character varying(4) NOT NULL,
    size numeric(9,8) NOT NULL,
    stop numeric(38,18),
    target numeric(38,18),
    horizon smallint NOT NULL,
    confidence numeric(9,8) NOT NULL,
    reasons jsonb NOT NULL,
    price numeric(38,18) NOT NULL,
    bar bigint NOT NULL,
    fee numeric(9,8) NOT NULL,
    due_at timestamp with time zone NOT NULL,
    became character varying(9) NOT NULL,
    said jsonb NOT NULL,
    approval_id uuid,
    settled_at timestamp with time zone,
    exit_price numeric(38,18),
    gain numeric(14,8),
    own numeric(14,8),
    chance numeric(14,8),
    chance_spread numeric(14,8),
    agent_id uuid,
    call_id uuid,
    farm_id uuid,
    instrument_id bigint NOT NULL,
    order_id uuid,
    owner_id uuid NOT NULL,
    entry numeric(38,18),
    CONSTRAINT advice_proposal_gains_when_settled CHECK (((settled_at IS NOT NULL) OR ((entry IS NULL) AND (exit_price IS NULL) AND (gain IS NULL)))),
    CONSTRAINT advice_proposal_is_of_numbers CHECK (((fee <= (1)::numeric) AND (gain < '100000000000000000000'::numeric) AND (own < '100000000000000000000'::numeric) AND (chance < '100000000000000000000'::numeric) AND (chance_spread < '100000000000000000000'::numeric))),
    CONSTRAINT advice_proposal_within_its_bounds CHECK (((confidence >= (0)::numeric) AND (confidence <= (1)::numeric) AND (fee >= (0)::numeric) AND (price > (0)::numeric) AND (size >= (0)::numeric) AND (size <= (1)::numeric))),
    CONSTRAINT farms_adviceproposal_entry_check CHECK ((entry <> 'NaN'::numeric)),
    CONSTRAINT farms_adviceproposal_exit_price_check CHECK ((exit_price <> 'NaN'::numeric)),
    CONSTRAINT farms_adviceproposal_horizon_check CHECK ((horizon >= 0)),
    CONSTRAINT farms_adviceproposal_price_check CHECK ((price <> 'NaN'::numeric)),
    CONSTRAINT farms_adviceproposal_stop_check CHECK ((stop <> 'NaN'::numeric)),
    CONSTRAINT farms_adviceproposal_target_check CHECK ((target <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.farms_adviceproposal FORCE ROW LEVEL SECURITY;


--
-- Name: farms_advicesetting; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.farms_advicesetting (
    id bigint NOT NULL,
    is_on boolean NOT NULL,
    day_tokens bigint NOT NULL,
    month_tokens bigint NOT NULL,
    day_cost numeric(38,18) NOT NULL,
    month_cost numeric(38,18) NOT NULL,
    endpoint_id uuid,
    owner_id uuid NOT NULL,
    CONSTRAINT advice_budgets CHECK (((day_cost >= (0)::numeric) AND (month_cost >= (0)::numeric))),
    CONSTRAINT advice_is_asked_for_somewhere CHECK (((NOT is_on) OR (endpoint_id IS NOT NULL))),
    CONSTRAINT farms_advicesetting_day_cost_check CHECK ((day_cost <> 'NaN'::numeric)),
    CONSTRAINT farms_advicesetting_day_tokens_check CHECK ((day_tokens >= 0)),
    CONSTRAINT farms_advicesetting_month_cost_check CHECK ((month_cost <> 'NaN'::numeric)),
    CONSTRAINT farms_advicesetting_month_tokens_check CHECK ((month_tokens >= 0))
);

ALTER TABLE ONLY public.farms_advicesetting FORCE ROW LEVEL SECURITY;


--
-- Name: farms_advicesetting_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.farms_advicesetting ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.farms_advicesetting_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: farms_advicewatch; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.farms_advicewatch (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    timeframe character varying(3) NOT NULL,
    every smallint NOT NULL,
    last_bar bigint,
    said jsonb NOT NULL,
    farm_id uuid,
    instrument_id bigint,
    owner_id uuid NOT NULL,
    CONSTRAINT advice_watch_bounds CHECK (((every >= 1) AND (every <= 1000))),
    CONSTRAINT advice_watch_is_of_one_thing CHECK ((((farm_id IS NULL) AND (instrument_id IS NOT NULL)) OR ((farm_id IS NOT NULL) AND (instrument_id IS NULL)))),
    CONSTRAINT farms_advicewatch_every_check CHECK ((every >= 0))
);

ALTER TABLE ONLY public.farms_advicewatch FORCE ROW LEVEL SECURITY;


--
-- Name: farms_agent; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.farms_agent (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    name character varying(80) NOT NULL,
    strategy character varying(40) NOT NULL,
    parameters jsonb NOT NULL,
    timeframe character varying(3) NOT NULL,
    sizing character varying(8) NOT NULL,
    size numeric(9,8) NOT NULL,
    status character varying(8) NOT NULL,
    status_detail jsonb NOT NULL,
    failures smallint NOT NULL,
    last_bar bigint,
    instrument_id bigint NOT NULL,
    owner_id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    farm_id uuid NOT NULL,
    leverage numeric(38,18) DEFAULT 1 NOT NULL,
    version_id uuid,
    CONSTRAINT agent_leverage CHECK (((leverage >= (1)::numeric) AND (leverage < '100000000000000000000'::numeric))),
    CONSTRAINT agent_size_is_a_fraction CHECK (((size > (0)::numeric) AND (size <= (1)::numeric))),
    CONSTRAINT farms_agent_failures_check CHECK ((failures >= 0)),
    CONSTRAINT farms_agent_leverage_check CHECK ((leverage <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.farms_agent FORCE ROW LEVEL SECURITY;


--
-- Name: farms_agentfarmassignment; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.farms_agentfarmassignment (
    id bigint NOT NULL,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    agent_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    farm_id uuid NOT NULL,
    key character varying(100) DEFAULT ''::character varying NOT NULL
);

ALTER TABLE ONLY public.farms_agentfarmassignment FORCE ROW LEVEL SECURITY;


--
-- Name: farms_agentfarmassignment_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.farms_agentfarmassignment ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.farms_agentfarmassignment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: farms_agentrun; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.farms_agentrun (
    id bigint NOT NULL,
    bar bigint NOT NULL,
    decision character varying(8) NOT NULL,
    explanation jsonb NOT NULL,
    close numeric(38,18) NOT NULL,
    exit_stop numeric(38,18),
    exit_target numeric(38,18),
    trail numeric(38,18),
    indicators jsonb NOT NULL,
    numbers jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    agent_id uuid NOT NULL,
    instrument_id bigint NOT NULL,
    order_id uuid,
    owner_id uuid NOT NULL,
    CONSTRAINT farms_agentrun_close_check CHECK ((close <> 'NaN'::numeric)),
    CONSTRAINT farms_agentrun_exit_stop_check CHECK ((exit_stop <> 'NaN'::numeric)),
    CONSTRAINT farms_agentrun_exit_target_check CHECK ((exit_target <> 'NaN'::numeric)),
    CONSTRAINT farms_agentrun_trail_check CHECK ((trail <> 'NaN'::numeric))
)
PARTITION BY RANGE (bar);

ALTER TABLE ONLY public.farms_agentrun FORCE ROW LEVEL SECURITY;


--
-- Name: farms_agentrun_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.farms_agentrun ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.farms_agentrun_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: farms_agentrun_rest; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.farms_agentrun_rest (
    id bigint CONSTRAINT farms_agentrun_id_not_null NOT NULL,
    bar bigint CONSTRAINT farms_agentrun_bar_not_null NOT NULL,
    decision character varying(8) CONSTRAINT farms_agentrun_decision_not_null NOT NULL,
    explanation jsonb CONSTRAINT farms_agentrun_explanation_not_null NOT NULL,
    close numeric(38,18) CONSTRAINT farms_agentrun_close_not_null NOT NULL,
    exit_stop numeric(38,18),
    exit_target numeric(38,18),
    trail numeric(38,18),
    indicators jsonb CONSTRAINT farms_agentrun_indicators_not_null NOT NULL,
    numbers jsonb CONSTRAINT farms_agentrun_numbers_not_null NOT NULL,
    created_at timestamp with time zone CONSTRAINT farms_agentrun_created_at_not_null NOT NULL,
    agent_id uuid CONSTRAINT farms_agentrun_agent_id_not_null NOT NULL,
    instrument_id bigint CONSTRAINT farms_agentrun_instrument_id_not_null NOT NULL,
    order_id uuid,
    owner_id uuid CONSTRAINT farms_agentrun_owner_id_not_null NOT NULL,
    CONSTRAINT farms_agentrun_close_check CHECK ((close <> 'NaN'::numeric)),
    CONSTRAINT farms_agentrun_exit_stop_check CHECK ((exit_stop <> 'NaN'::numeric)),
    CONSTRAINT farms_agentrun_exit_target_check CHECK ((exit_target <> 'NaN'::numeric)),
    CONSTRAINT farms_agentrun_trail_check CHECK ((trail <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.farms_agentrun_rest FORCE ROW LEVEL SECURITY;


--
-- Name: farms_backtest; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.farms_backtest (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    status character varying(9) NOT NULL,
    progress smallint NOT NULL,
    step character varying(80) NOT NULL,
    error jsonb NOT NULL,
    attempts smallint NOT NULL,
    claim uuid,
    claimed_until timestamp with time zone,
    finished_at timestamp with time zone,
    strategy character varying(40) NOT NULL,
    parameters jsonb NOT NULL,
    instruments bigint[] NOT NULL,
    timeframe character varying(3) NOT NULL,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone NOT NULL,
    cash numeric(38,18) NOT NULL,
    assumptions jsonb NOT NULL,
    agent_id uuid,
    owner_id uuid NOT NULL,
    version_id uuid,
    CONSTRAINT backtest_ends_after_it_begins CHECK ((until > since)),
    CONSTRAINT backtest_has_cash CHECK ((cash > (0)::numeric)),
    CONSTRAINT backtest_is_over_or_not CHECK ((((finished_at IS NULL) AND ((status)::text = ANY (ARRAY[('queued'::character varying)::text, ('running'::character varying)::text]))) OR ((finished_at IS NOT NULL) AND ((status)::text = ANY (ARRAY[('done'::character varying)::text, ('failed'::character varying)::text, ('cancelled'::character varying)::text]))))),
    CONSTRAINT farms_backtest_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT farms_backtest_cash_check CHECK ((cash <> 'NaN'::numeric)),
    CONSTRAINT farms_backtest_progress_check CHECK ((progress >= 0))
);

ALTER TABLE ONLY public.farms_backtest FORCE ROW LEVEL SECURITY;


--
-- Name: farms_backtestresult; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.farms_backtestresult (
    backtest_id uuid NOT NULL,
    bars integer NOT NULL,
    missing_bars integer NOT NULL,
    final_equity numeric(64,18) NOT NULL,
    trade_count integer NOT NULL,
    total_return double precision NOT NULL,
    sharpe_per_bar double precision NOT NULL,
    skew double precision NOT NULL,
    kurtosis double precision NOT NULL,
    statistics jsonb NOT NULL,
    benchmark jsonb NOT NULL,
    breakdown jsonb NOT NULL,
    curve jsonb NOT NULL,
    charts jsonb NOT NULL,
    trades bytea NOT NULL,
    candles character varying(64) NOT NULL,
    outcome character varying(64) NOT NULL,
    seconds double precision NOT NULL,
    created_at timestamp with time zone NOT NULL,
    owner_id uuid NOT NULL,
    CONSTRAINT farms_backtestresult_bars_check CHECK ((bars >= 0)),
    CONSTRAINT farms_backtestresult_final_equity_check CHECK ((final_equity <> 'NaN'::numeric)),
    CONSTRAINT farms_backtestresult_missing_bars_check CHECK ((missing_bars >= 0)),
    CONSTRAINT farms_backtestresult_trade_count_check CHECK ((trade_count >= 0))
);

ALTER TABLE ONLY public.farms_backtestresult FORCE ROW LEVEL SECURITY;


--
-- Name: farms_download; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.farms_download (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    status character varying(9) NOT NULL,
    progress smallint NOT NULL,
    step character varying(80) NOT NULL,
    error jsonb NOT NULL,
    attempts smallint NOT NULL,
    claim uuid,
    claimed_until timestamp with time zone,
    finished_at timestamp with time zone,
    exchange character varying(40) NOT NULL,
    symbol character varying(40) NOT NULL,
    timeframe character varying(3) NOT NULL,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone NOT NULL,
    reached timestamp with time zone,
    written integer NOT NULL,
    bad integer NOT NULL,
    report jsonb,
    owner_id uuid NOT NULL,
    CONSTRAINT download_ends_after_it_begins CHECK ((until > since)),
    CONSTRAINT download_is_over_or_not CHECK ((((finished_at IS NULL) AND ((status)::text = ANY (ARRAY[('queued'::character varying)::text, ('running'::character varying)::text]))) OR ((finished_at IS NOT NULL) AND ((status)::text = ANY (ARRAY[('done'::character varying)::text, ('failed'::character varying)::text, ('cancelled'::character varying)::text]))))),
    CONSTRAINT farms_download_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT farms_download_bad_check CHECK ((bad >= 0)),
    CONSTRAINT farms_download_progress_check CHECK ((progress >= 0)),
    CONSTRAINT farms_download_written_check CHECK ((written >= 0))
);

ALTER TABLE ONLY public.farms_download FORCE ROW LEVEL SECURITY;


--
-- Name: farms_farm; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.farms_farm (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    name character varying(80) NOT NULL,
    kind character varying(16) NOT NULL,
    status character varying(10) NOT NULL,
    maximum_share numeric(9,8) NOT NULL,
    owner_id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    allowed_symbols character varying(40)[] NOT NULL,
    caps jsonb NOT NULL,
    closes_at time without time zone,
    opens_at time without time zone,
    trading_days smallint[] NOT NULL,
    nets boolean NOT NULL,
    CONSTRAINT farm_maximum_share_is_a_fraction CHECK (((maximum_share > (0)::numeric) AND (maximum_share <= (1)::numeric))),
    CONSTRAINT farm_opens_and_closes CHECK ((((closes_at IS NULL) AND (opens_at IS NULL)) OR ((closes_at IS NOT NULL) AND (opens_at IS NOT NULL) AND (NOT ((opens_at = closes_at) AND (opens_at IS NOT NULL) AND (closes_at IS NOT NULL)))))),
    CONSTRAINT farm_trading_days_are_of_a_week CHECK ((trading_days <@ ARRAY[(1)::smallint, (2)::smallint, (3)::smallint, (4)::smallint, (5)::smallint, (6)::smallint, (7)::smallint]))
);

ALTER TABLE ONLY public.farms_farm FORCE ROW LEVEL SECURITY;


--
-- Name: farms_farmevent; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.farms_farmevent (
    id bigint NOT NULL,
    kind character varying(10) NOT NULL,
    detail jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    agent_id uuid,
    farm_id uuid NOT NULL,
    owner_id uuid NOT NULL
);

ALTER TABLE ONLY public.farms_farmevent FORCE ROW LEVEL SECURITY;


--
-- Name: farms_farmevent_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.farms_farmevent ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.farms_farmevent_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: farms_promotion; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.farms_promotion (
    agent_id uuid NOT NULL,
    reason character varying(500) NOT NULL,
    key character varying(100) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    owner_id uuid NOT NULL,
    promoted_from_id uuid NOT NULL,
    verdict_id bigint,
    CONSTRAINT promotion_stands_on_something CHECK (((verdict_id IS NOT NULL) OR (NOT ((reason)::text = ''::text))))
);

ALTER TABLE ONLY public.farms_promotion FORCE ROW LEVEL SECURITY;


--
-- Name: farms_strategy; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.farms_strategy (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    name character varying(80) NOT NULL,
    strategy character varying(40) NOT NULL,
    owner_id uuid NOT NULL,
    archived_at timestamp with time zone,
    key character varying(100) NOT NULL,
    request_hash character varying(64) NOT NULL
);

ALTER TABLE ONLY public.farms_strategy FORCE ROW LEVEL SECURITY;


--
-- Name: farms_strategyversion; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.farms_strategyversion (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    number integer NOT NULL,
    parameters jsonb NOT NULL,
    changes jsonb NOT NULL,
    timeframe character varying(3) NOT NULL,
    bars integer NOT NULL,
    instrument_id bigint NOT NULL,
    saved_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    CONSTRAINT farms_strategyversion_bars_check CHECK ((bars >= 0)),
    CONSTRAINT farms_strategyversion_number_check CHECK ((number >= 0))
);

ALTER TABLE ONLY public.farms_strategyversion FORCE ROW LEVEL SECURITY;


--
-- Name: farms_sweep; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.farms_sweep (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    status character varying(9) NOT NULL,
    progress smallint NOT NULL,
    step character varying(80) NOT NULL,
    error jsonb NOT NULL,
    attempts smallint NOT NULL,
    claim uuid,
    claimed_until timestamp with time zone,
    finished_at timestamp with time zone,
    strategy character varying(40) NOT NULL,
    parameters jsonb NOT NULL,
    instruments bigint[] NOT NULL,
    timeframe character varying(3) NOT NULL,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone NOT NULL,
    cash numeric(38,18) NOT NULL,
    assumptions jsonb NOT NULL,
    axes jsonb NOT NULL,
    method character varying(6) NOT NULL,
    measure character varying(12) NOT NULL,
    trials integer NOT NULL,
    seed integer NOT NULL,
    agent_id uuid,
    owner_id uuid NOT NULL,
    CONSTRAINT farms_sweep_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT farms_sweep_cash_check CHECK ((cash <> 'NaN'::numeric)),
    CONSTRAINT farms_sweep_progress_check CHECK ((progress >= 0)),
    CONSTRAINT farms_sweep_seed_check CHECK ((seed >= 0)),
    CONSTRAINT farms_sweep_trials_check CHECK ((trials >= 0)),
    CONSTRAINT sweep_ends_after_it_begins CHECK ((until > since)),
    CONSTRAINT sweep_has_cash CHECK ((cash > (0)::numeric)),
    CONSTRAINT sweep_is_over_or_not CHECK ((((finished_at IS NULL) AND ((status)::text = ANY (ARRAY[('queued'::character varying)::text, ('running'::character varying)::text]))) OR ((finished_at IS NOT NULL) AND ((status)::text = ANY (ARRAY[('done'::character varying)::text, ('failed'::character varying)::text, ('cancelled'::character varying)::text])))))
);

ALTER TABLE ONLY public.farms_sweep FORCE ROW LEVEL SECURITY;


--
-- Name: farms_sweepblock; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.farms_sweepblock (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    status character varying(9) NOT NULL,
    progress smallint NOT NULL,
    step character varying(80) NOT NULL,
    error jsonb NOT NULL,
    attempts smallint NOT NULL,
    claim uuid,
    claimed_until timestamp with time zone,
    finished_at timestamp with time zone,
    number integer NOT NULL,
    trials integer NOT NULL,
    points bytea NOT NULL,
    body bytea,
    owner_id uuid NOT NULL,
    sweep_id uuid NOT NULL,
    CONSTRAINT farms_sweepblock_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT farms_sweepblock_number_check CHECK ((number >= 0)),
    CONSTRAINT farms_sweepblock_progress_check CHECK ((progress >= 0)),
    CONSTRAINT farms_sweepblock_trials_check CHECK ((trials >= 0)),
    CONSTRAINT sweepblock_has_figures CHECK (((NOT ((status)::text = 'done'::text)) OR (body IS NOT NULL))),
    CONSTRAINT sweepblock_is_over_or_not CHECK ((((finished_at IS NULL) AND ((status)::text = ANY (ARRAY[('queued'::character varying)::text, ('running'::character varying)::text]))) OR ((finished_at IS NOT NULL) AND ((status)::text = ANY (ARRAY[('done'::character varying)::text, ('failed'::character varying)::text, ('cancelled'::character varying)::text])))))
);

ALTER TABLE ONLY public.farms_sweepblock FORCE ROW LEVEL SECURITY;


--
-- Name: farms_sweepresult; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.farms_sweepresult (
    sweep_id uuid NOT NULL,
    bars integer NOT NULL,
    trials integer NOT NULL,
    best integer NOT NULL,
    best_score double precision NOT NULL,
    chosen integer NOT NULL,
    fragility double precision,
    plateaus jsonb NOT NULL,
    overfitting jsonb,
    is_significant boolean NOT NULL,
    known_trials integer NOT NULL,
    deflated_sharpe double precision,
    answers jsonb NOT NULL,
    candles character varying(64) NOT NULL,
    outcome character varying(64) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    owner_id uuid NOT NULL,
    CONSTRAINT farms_sweepresult_bars_check CHECK ((bars >= 0)),
    CONSTRAINT farms_sweepresult_best_check CHECK ((best >= 0)),
    CONSTRAINT farms_sweepresult_chosen_check CHECK ((chosen >= 0)),
    CONSTRAINT farms_sweepresult_known_trials_check CHECK ((known_trials >= 0)),
    CONSTRAINT farms_sweepresult_trials_check CHECK ((trials >= 0))
);

ALTER TABLE ONLY public.farms_sweepresult FORCE ROW LEVEL SECURITY;


--
-- Name: farms_verdict; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.farms_verdict (
    id bigint NOT NULL,
    is_significant boolean NOT NULL,
    trials integer NOT NULL,
    deflated_sharpe double precision,
    answers jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    backtest_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    CONSTRAINT farms_verdict_trials_check CHECK ((trials >= 0))
);

ALTER TABLE ONLY public.farms_verdict FORCE ROW LEVEL SECURITY;


--
-- Name: farms_verdict_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.farms_verdict ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.farms_verdict_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: goals_goal; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.goals_goal (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    name character varying(80) NOT NULL,
    kind character varying(20) NOT NULL,
    target jsonb NOT NULL,
    base character varying(20) NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    ends_at timestamp with time zone,
    status character varying(9) NOT NULL,
    paused_at timestamp with time zone,
    actions jsonb NOT NULL,
    on_miss jsonb NOT NULL,
    accepts_changes jsonb,
    value numeric(64,18),
    began_with numeric(64,18),
    progress double precision NOT NULL,
    unknown jsonb NOT NULL,
    noted_at timestamp with time zone,
    told smallint NOT NULL,
    is_behind boolean NOT NULL,
    ended_at timestamp with time zone,
    owner_id uuid NOT NULL,
    renews_id uuid,
    key character varying(100) NOT NULL,
    request_hash character varying(64) NOT NULL,
    ended_with jsonb NOT NULL,
    CONSTRAINT goal_ended_says_when CHECK ((((ended_at IS NULL) AND ((status)::text = ANY (ARRAY[('draft'::character varying)::text, ('active'::character varying)::text]))) OR ((ended_at IS NOT NULL) AND ((status)::text = ANY (ARRAY[('achieved'::character varying)::text, ('missed'::character varying)::text, ('cancelled'::character varying)::text]))))),
    CONSTRAINT goal_ends_after_it_starts CHECK (((ends_at IS NULL) OR (ends_at > starts_at))),
    CONSTRAINT goals_goal_began_with_check CHECK ((began_with <> 'NaN'::numeric)),
    CONSTRAINT goals_goal_told_check CHECK ((told >= 0)),
    CONSTRAINT goals_goal_value_check CHECK ((value <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.goals_goal FORCE ROW LEVEL SECURITY;


--
-- Name: goals_goalaction; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.goals_goalaction (
    id bigint NOT NULL,
    number smallint NOT NULL,
    "do" character varying(12) NOT NULL,
    options jsonb NOT NULL,
    status character varying(7) NOT NULL,
    result jsonb NOT NULL,
    tries integer NOT NULL,
    next_try_at timestamp with time zone,
    done_at timestamp with time zone,
    goal_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    CONSTRAINT goals_goalaction_number_check CHECK ((number >= 0)),
    CONSTRAINT goals_goalaction_tries_check CHECK ((tries >= 0))
);

ALTER TABLE ONLY public.goals_goalaction FORCE ROW LEVEL SECURITY;


--
-- Name: goals_goalaction_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.goals_goalaction ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.goals_goalaction_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: goals_goalassignment; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.goals_goalassignment (
    id bigint NOT NULL,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone,
    goal_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    wallet_id uuid
);

ALTER TABLE ONLY public.goals_goalassignment FORCE ROW LEVEL SECURITY;


--
-- Name: goals_goalassignment_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.goals_goalassignment ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.goals_goalassignment_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: goals_goalcursor; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.goals_goalcursor (
    id bigint NOT NULL,
    read_to xid8 NOT NULL,
    measured_at timestamp with time zone,
    owner_id uuid NOT NULL
);

ALTER TABLE ONLY public.goals_goalcursor FORCE ROW LEVEL SECURITY;


--
-- Name: goals_goalcursor_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.goals_goalcursor ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.goals_goalcursor_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: goals_goalevent; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.goals_goalevent (
    id bigint NOT NULL,
    kind character varying(9) NOT NULL,
    detail jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    goal_id uuid NOT NULL,
    owner_id uuid NOT NULL
);

ALTER TABLE ONLY public.goals_goalevent FORCE ROW LEVEL SECURITY;


--
-- Name: goals_goalevent_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.goals_goalevent ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.goals_goalevent_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: goals_goalmove; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.goals_goalmove (
    id bigint NOT NULL,
    purpose character varying(7) NOT NULL,
    asset character varying(20) NOT NULL,
    amount numeric(38,18) NOT NULL,
    profit numeric(38,18) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    action_id bigint NOT NULL,
    goal_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    posting_id bigint NOT NULL,
    source_id uuid NOT NULL,
    target_id uuid NOT NULL,
    CONSTRAINT goal_move_positive CHECK ((amount > (0)::numeric)),
    CONSTRAINT goals_goalmove_amount_check CHECK ((amount <> 'NaN'::numeric)),
    CONSTRAINT goals_goalmove_profit_check CHECK ((profit <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.goals_goalmove FORCE ROW LEVEL SECURITY;


--
-- Name: goals_goalmove_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.goals_goalmove ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.goals_goalmove_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: goals_goalprogress; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.goals_goalprogress (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    value numeric(64,18) NOT NULL,
    progress double precision NOT NULL,
    goal_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    CONSTRAINT goals_goalprogress_value_check CHECK ((value <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.goals_goalprogress FORCE ROW LEVEL SECURITY;


--
-- Name: goals_goalprogress_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.goals_goalprogress ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.goals_goalprogress_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: goals_goaltotal; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.goals_goaltotal (
    id bigint NOT NULL,
    quote character varying(20) NOT NULL,
    fills bigint NOT NULL,
    volume numeric(64,18) NOT NULL,
    trades bigint NOT NULL,
    won_trades bigint NOT NULL,
    lost_trades bigint NOT NULL,
    won numeric(64,18) NOT NULL,
    lost numeric(64,18) NOT NULL,
    goal_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    CONSTRAINT goals_goaltotal_lost_check CHECK ((lost <> 'NaN'::numeric)),
    CONSTRAINT goals_goaltotal_volume_check CHECK ((volume <> 'NaN'::numeric)),
    CONSTRAINT goals_goaltotal_won_check CHECK ((won <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.goals_goaltotal FORCE ROW LEVEL SECURITY;


--
-- Name: goals_goaltotal_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.goals_goaltotal ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.goals_goaltotal_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: wallets_account; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wallets_account (
    id bigint NOT NULL,
    asset character varying(20) NOT NULL,
    kind character varying(8) NOT NULL,
    balance numeric(38,18) NOT NULL,
    held numeric(38,18) NOT NULL,
    version bigint NOT NULL,
    held_version bigint NOT NULL,
    owner_id uuid NOT NULL,
    wallet_id uuid NOT NULL
)
WITH (fillfactor='40');

ALTER TABLE ONLY public.wallets_account FORCE ROW LEVEL SECURITY;


--
-- Name: wallets_transfer; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wallets_transfer (
    id bigint NOT NULL,
    phase character varying(8) NOT NULL,
    asset character varying(20) NOT NULL,
    amount numeric(38,18) NOT NULL,
    debit_version bigint,
    debit_balance numeric(38,18),
    credit_version bigint,
    credit_balance numeric(38,18),
    held_version bigint,
    held_change numeric(38,18),
    held_after numeric(38,18),
    created_at timestamp with time zone NOT NULL,
    credit_id bigint NOT NULL,
    debit_id bigint NOT NULL,
    owner_id uuid NOT NULL,
    pending_id bigint,
    posting_id bigint NOT NULL
);

ALTER TABLE ONLY public.wallets_transfer FORCE ROW LEVEL SECURITY;


--
-- Name: ledger_legs; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.ledger_legs WITH (security_invoker='true') AS
 SELECT t.id,
    t.owner_id,
    t.posting_id,
    t.phase,
    t.asset,
    t.amount,
    d.wallet_id AS debit_wallet,
    d.kind AS debit_kind,
    c.wallet_id AS credit_wallet,
    c.kind AS credit_kind,
    t.pending_id
   FROM ((public.wallets_transfer t
     JOIN public.wallets_account d ON ((d.id = t.debit_id)))
     JOIN public.wallets_account c ON ((c.id = t.credit_id)));


--
-- Name: wallets_posting; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wallets_posting (
    id bigint NOT NULL,
    key character varying(120) NOT NULL,
    request_hash character varying(64) NOT NULL,
    kind character varying(24) NOT NULL,
    detail jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    owner_id uuid NOT NULL,
    CONSTRAINT posting_kind_is_listed CHECK (((kind)::text ~ '^(deposit|withdraw|assign|claim|allocate|collect|reward|rebalance|hold|release|trade|realized|funding_payment|fee|suspense|correct)$'::text))
);

ALTER TABLE ONLY public.wallets_posting FORCE ROW LEVEL SECURITY;


--
-- Name: ledger_trades; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.ledger_trades WITH (security_invoker='true') AS
 SELECT id AS posting_id,
    owner_id,
    key
   FROM public.wallets_posting
  WHERE (((kind)::text = 'trade'::text) AND ((key)::text ~~ 'fill:%'::text));


--
-- Name: markets_instrument; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.markets_instrument (
    id bigint NOT NULL,
    venue character varying(40) NOT NULL,
    symbol character varying(40) NOT NULL,
    base character varying(20) NOT NULL,
    quote character varying(20) NOT NULL,
    settle character varying(20) NOT NULL,
    kind character varying(12) NOT NULL,
    tick_size numeric(38,18) NOT NULL,
    lot_size numeric(38,18) NOT NULL,
    minimum_notional numeric(38,18) NOT NULL,
    is_simulated boolean NOT NULL,
    is_active boolean NOT NULL,
    contract_size numeric(38,18) NOT NULL,
    max_leverage numeric(38,18),
    maintenance_margin numeric(38,18),
    prices_of_id bigint,
    CONSTRAINT instrument_paper_perpetual CHECK (((prices_of_id IS NULL) OR ((contract_size = (1)::numeric) AND ((kind)::text = 'perpetual'::text) AND (maintenance_margin > (0)::numeric) AND (maintenance_margin < (1)::numeric) AND (max_leverage >= (1)::numeric) AND (max_leverage < '100000000000000000000'::numeric) AND ((settle)::text = (quote)::text)))),
    CONSTRAINT instrument_steps_positive CHECK (((tick_size > (0)::numeric) AND (tick_size < '100000000000000000000'::numeric) AND (lot_size > (0)::numeric) AND (lot_size < '100000000000000000000'::numeric))),
    CONSTRAINT markets_instrument_contract_size_check CHECK ((contract_size <> 'NaN'::numeric)),
    CONSTRAINT markets_instrument_lot_size_check CHECK ((lot_size <> 'NaN'::numeric)),
    CONSTRAINT markets_instrument_maintenance_margin_check CHECK ((maintenance_margin <> 'NaN'::numeric)),
    CONSTRAINT markets_instrument_max_leverage_check CHECK ((max_leverage <> 'NaN'::numeric)),
    CONSTRAINT markets_instrument_minimum_notional_check CHECK ((minimum_notional <> 'NaN'::numeric)),
    CONSTRAINT markets_instrument_tick_size_check CHECK ((tick_size <> 'NaN'::numeric))
);


--
-- Name: market_instruments; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.market_instruments AS
 SELECT id AS instrument_id,
    venue,
    symbol,
    base,
    quote,
    ((kind)::text = ANY (ARRAY[('perpetual'::character varying)::text, ('future'::character varying)::text])) AS is_derivative
   FROM public.markets_instrument;


--
-- Name: markets_candle; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.markets_candle (
    instrument_id bigint NOT NULL,
    timeframe character varying(3) NOT NULL,
    ts bigint NOT NULL,
    open double precision NOT NULL,
    high double precision NOT NULL,
    low double precision NOT NULL,
    close double precision NOT NULL,
    volume double precision NOT NULL,
    CONSTRAINT candle_is_sane CHECK (((high >= open) AND (low > (0.0)::double precision) AND (low <= open) AND (volume >= (0.0)::double precision) AND (high >= close) AND (high < ('100000000000000000000'::numeric)::double precision) AND (low <= close) AND (volume < ('1000000000000000000000000000000'::numeric)::double precision)))
);


--
-- Name: markets_feedstate; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.markets_feedstate (
    name character varying(60) NOT NULL,
    state jsonb NOT NULL,
    updated_at timestamp with time zone NOT NULL
);


--
-- Name: markets_instrument_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.markets_instrument ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.markets_instrument_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: markets_keptseries; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.markets_keptseries (
    id bigint NOT NULL,
    timeframe character varying(3) NOT NULL,
    instrument_id bigint NOT NULL
);


--
-- Name: markets_keptseries_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.markets_keptseries ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.markets_keptseries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: markets_lastprice; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.markets_lastprice (
    instrument_id bigint NOT NULL,
    price numeric(38,18) NOT NULL,
    source character varying(40) NOT NULL,
    at timestamp with time zone NOT NULL
);


--
-- Name: markets_ticker; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.markets_ticker (
    instrument_id bigint NOT NULL,
    price numeric(38,18) NOT NULL,
    bid numeric(38,18),
    ask numeric(38,18),
    source character varying(40) NOT NULL,
    at timestamp with time zone NOT NULL,
    CONSTRAINT markets_ticker_ask_check CHECK ((ask <> 'NaN'::numeric)),
    CONSTRAINT markets_ticker_bid_check CHECK ((bid <> 'NaN'::numeric)),
    CONSTRAINT markets_ticker_price_check CHECK ((price <> 'NaN'::numeric)),
    CONSTRAINT ticker_is_sane CHECK (((price > (0)::numeric) AND (price < '100000000000000000000'::numeric) AND (bid > (0)::numeric) AND (bid < '100000000000000000000'::numeric) AND (ask > (0)::numeric) AND (ask < '100000000000000000000'::numeric)))
);


--
-- Name: portfolio_allocationplan; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.portfolio_allocationplan (
    id bigint NOT NULL,
    created_at timestamp with time zone NOT NULL,
    base character varying(20) NOT NULL,
    method character varying(40) NOT NULL,
    used character varying(40) NOT NULL,
    asked jsonb NOT NULL,
    days integer NOT NULL,
    capital numeric(64,18) NOT NULL,
    cash double precision NOT NULL,
    expected_return double precision,
    volatility double precision,
    notes jsonb NOT NULL,
    targets jsonb NOT NULL,
    last_transfer bigint NOT NULL,
    allocation_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    CONSTRAINT portfolio_allocationplan_capital_check CHECK ((capital <> 'NaN'::numeric)),
    CONSTRAINT portfolio_allocationplan_days_check CHECK ((days >= 0))
);

ALTER TABLE ONLY public.portfolio_allocationplan FORCE ROW LEVEL SECURITY;


--
-- Name: portfolio_allocationplan_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.portfolio_allocationplan ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.portfolio_allocationplan_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: portfolio_correction; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.portfolio_correction (
    id bigint NOT NULL,
    kind character varying(8) NOT NULL,
    since timestamp with time zone NOT NULL,
    until timestamp with time zone NOT NULL,
    step interval,
    joins_at timestamp with time zone,
    created_at timestamp with time zone NOT NULL,
    done_to timestamp with time zone,
    finished_at timestamp with time zone,
    written integer NOT NULL,
    skipped integer NOT NULL,
    unpriced jsonb NOT NULL,
    owner_id uuid NOT NULL,
    wallet_id uuid,
    CONSTRAINT portfolio_correction_skipped_check CHECK ((skipped >= 0)),
    CONSTRAINT portfolio_correction_written_check CHECK ((written >= 0))
);

ALTER TABLE ONLY public.portfolio_correction FORCE ROW LEVEL SECURITY;


--
-- Name: portfolio_correction_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.portfolio_correction ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.portfolio_correction_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: portfolio_dailyperformance; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.portfolio_dailyperformance (
    id bigint NOT NULL,
    scope uuid GENERATED ALWAYS AS (COALESCE(wallet_id, owner_id)) STORED,
    base character varying(20) NOT NULL,
    ends timestamp with time zone NOT NULL,
    opened_at timestamp with time zone,
    closed_at timestamp with time zone,
    open numeric(64,18) DEFAULT 0 NOT NULL,
    equity numeric(64,18) NOT NULL,
    low numeric(64,18) NOT NULL,
    high numeric(64,18) NOT NULL,
    flow numeric(64,18) NOT NULL,
    flows numeric(64,18) DEFAULT 0 NOT NULL,
    market numeric(64,18) NOT NULL,
    realized numeric(64,18) NOT NULL,
    realized_pnl numeric(64,18) DEFAULT 0 NOT NULL,
    fees numeric(64,18) NOT NULL,
    fees_paid numeric(64,18) DEFAULT 0 NOT NULL,
    adjustments numeric(64,18) NOT NULL,
    twr double precision NOT NULL,
    twr_index double precision NOT NULL,
    twr_low double precision NOT NULL,
    twr_high double precision NOT NULL,
    drawdown double precision DEFAULT 0.0 NOT NULL,
    corrected_at timestamp with time zone,
    day date NOT NULL,
    owner_id uuid NOT NULL,
    wallet_id uuid,
    funding numeric(64,18) DEFAULT 0 NOT NULL,
    funding_got numeric(64,18) DEFAULT 0 NOT NULL,
    CONSTRAINT portfolio_dailyperformance_adjustments_check CHECK ((adjustments <> 'NaN'::numeric)),
    CONSTRAINT portfolio_dailyperformance_equity_check CHECK ((equity <> 'NaN'::numeric)),
    CONSTRAINT portfolio_dailyperformance_fees_check CHECK ((fees <> 'NaN'::numeric)),
    CONSTRAINT portfolio_dailyperformance_fees_paid_check CHECK ((fees_paid <> 'NaN'::numeric)),
    CONSTRAINT portfolio_dailyperformance_flow_check CHECK ((flow <> 'NaN'::numeric)),
    CONSTRAINT portfolio_dailyperformance_flows_check CHECK ((flows <> 'NaN'::numeric)),
    CONSTRAINT portfolio_dailyperformance_funding_check CHECK ((funding <> 'NaN'::numeric)),
    CONSTRAINT portfolio_dailyperformance_funding_got_check CHECK ((funding_got <> 'NaN'::numeric)),
    CONSTRAINT portfolio_dailyperformance_high_check CHECK ((high <> 'NaN'::numeric)),
    CONSTRAINT portfolio_dailyperformance_low_check CHECK ((low <> 'NaN'::numeric)),
    CONSTRAINT portfolio_dailyperformance_market_check CHECK ((market <> 'NaN'::numeric)),
    CONSTRAINT portfolio_dailyperformance_open_check CHECK ((open <> 'NaN'::numeric)),
    CONSTRAINT portfolio_dailyperformance_realized_check CHECK ((realized <> 'NaN'::numeric)),
    CONSTRAINT portfolio_dailyperformance_realized_pnl_check CHECK ((realized_pnl <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.portfolio_dailyperformance FORCE ROW LEVEL SECURITY;


--
-- Name: portfolio_dailyperformance_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.portfolio_dailyperformance ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.portfolio_dailyperformance_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: portfolio_exposurelevel; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.portfolio_exposurelevel (
    id bigint NOT NULL,
    subject character varying(40) NOT NULL,
    level smallint NOT NULL,
    measured numeric(38,18),
    since timestamp with time zone NOT NULL,
    at timestamp with time zone NOT NULL,
    owner_id uuid NOT NULL,
    limit_id uuid NOT NULL,
    answered uuid[] NOT NULL,
    released boolean NOT NULL,
    CONSTRAINT exposure_level_is_one CHECK ((level <= 3)),
    CONSTRAINT portfolio_exposurelevel_level_check CHECK ((level >= 0)),
    CONSTRAINT portfolio_exposurelevel_measured_check CHECK ((measured <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.portfolio_exposurelevel FORCE ROW LEVEL SECURITY;


--
-- Name: portfolio_exposurelevel_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.portfolio_exposurelevel ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.portfolio_exposurelevel_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: portfolio_exposurelimit; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.portfolio_exposurelimit (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    kind character varying(8) NOT NULL,
    subject character varying(40) NOT NULL,
    bound numeric(38,18) NOT NULL,
    margin numeric(38,18) NOT NULL,
    action character varying(6) NOT NULL,
    recovers boolean NOT NULL,
    owner_id uuid NOT NULL,
    wallet_id uuid,
    CONSTRAINT exposure_limit_is_a_fraction CHECK (((bound >= (0)::numeric) AND (bound <= (1000)::numeric))),
    CONSTRAINT exposure_margin_is_a_fraction CHECK (((margin >= (0)::numeric) AND (margin < (1)::numeric))),
    CONSTRAINT exposure_subject_has_a_kind CHECK ((((subject)::text = ''::text) OR ((kind)::text = ANY (ARRAY[('asset'::character varying)::text, ('venue'::character varying)::text])))),
    CONSTRAINT portfolio_exposurelimit_bound_check CHECK ((bound <> 'NaN'::numeric)),
    CONSTRAINT portfolio_exposurelimit_margin_check CHECK ((margin <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.portfolio_exposurelimit FORCE ROW LEVEL SECURITY;


--
-- Name: portfolio_flowmark; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.portfolio_flowmark (
    id bigint NOT NULL,
    scope uuid GENERATED ALWAYS AS (COALESCE(wallet_id, owner_id)) STORED,
    base character varying(20) NOT NULL,
    venue character varying(40) NOT NULL,
    asset character varying(20) NOT NULL,
    flow numeric(64,18) NOT NULL,
    fees numeric(64,18) NOT NULL,
    adjustments numeric(64,18) NOT NULL,
    owner_id uuid NOT NULL,
    wallet_id uuid,
    funding numeric(64,18) DEFAULT 0 NOT NULL,
    earned numeric(64,18) DEFAULT 0 NOT NULL,
    CONSTRAINT portfolio_flowmark_adjustments_check CHECK ((adjustments <> 'NaN'::numeric)),
    CONSTRAINT portfolio_flowmark_earned_check CHECK ((earned <> 'NaN'::numeric)),
    CONSTRAINT portfolio_flowmark_fees_check CHECK ((fees <> 'NaN'::numeric)),
    CONSTRAINT portfolio_flowmark_flow_check CHECK ((flow <> 'NaN'::numeric)),
    CONSTRAINT portfolio_flowmark_funding_check CHECK ((funding <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.portfolio_flowmark FORCE ROW LEVEL SECURITY;


--
-- Name: portfolio_flowmark_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.portfolio_flowmark ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.portfolio_flowmark_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: portfolio_hourlyperformance; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.portfolio_hourlyperformance (
    id bigint NOT NULL,
    scope uuid GENERATED ALWAYS AS (COALESCE(wallet_id, owner_id)) STORED,
    base character varying(20) NOT NULL,
    ends timestamp with time zone NOT NULL,
    opened_at timestamp with time zone,
    closed_at timestamp with time zone,
    open numeric(64,18) DEFAULT 0 NOT NULL,
    equity numeric(64,18) NOT NULL,
    low numeric(64,18) NOT NULL,
    high numeric(64,18) NOT NULL,
    flow numeric(64,18) NOT NULL,
    flows numeric(64,18) DEFAULT 0 NOT NULL,
    market numeric(64,18) NOT NULL,
    realized numeric(64,18) NOT NULL,
    realized_pnl numeric(64,18) DEFAULT 0 NOT NULL,
    fees numeric(64,18) NOT NULL,
    fees_paid numeric(64,18) DEFAULT 0 NOT NULL,
    adjustments numeric(64,18) NOT NULL,
    twr double precision NOT NULL,
    twr_index double precision NOT NULL,
    twr_low double precision NOT NULL,
    twr_high double precision NOT NULL,
    drawdown double precision DEFAULT 0.0 NOT NULL,
    corrected_at timestamp with time zone,
    at timestamp with time zone NOT NULL,
    owner_id uuid NOT NULL,
    wallet_id uuid,
    funding numeric(64,18) DEFAULT 0 NOT NULL,
    funding_got numeric(64,18) DEFAULT 0 NOT NULL,
    CONSTRAINT portfolio_hourlyperformance_adjustments_check CHECK ((adjustments <> 'NaN'::numeric)),
    CONSTRAINT portfolio_hourlyperformance_equity_check CHECK ((equity <> 'NaN'::numeric)),
    CONSTRAINT portfolio_hourlyperformance_fees_check CHECK ((fees <> 'NaN'::numeric)),
    CONSTRAINT portfolio_hourlyperformance_fees_paid_check CHECK ((fees_paid <> 'NaN'::numeric)),
    CONSTRAINT portfolio_hourlyperformance_flow_check CHECK ((flow <> 'NaN'::numeric)),
    CONSTRAINT portfolio_hourlyperformance_flows_check CHECK ((flows <> 'NaN'::numeric)),
    CONSTRAINT portfolio_hourlyperformance_funding_check CHECK ((funding <> 'NaN'::numeric)),
    CONSTRAINT portfolio_hourlyperformance_funding_got_check CHECK ((funding_got <> 'NaN'::numeric)),
    CONSTRAINT portfolio_hourlyperformance_high_check CHECK ((high <> 'NaN'::numeric)),
    CONSTRAINT portfolio_hourlyperformance_low_check CHECK ((low <> 'NaN'::numeric)),
    CONSTRAINT portfolio_hourlyperformance_market_check CHECK ((market <> 'NaN'::numeric)),
    CONSTRAINT portfolio_hourlyperformance_open_check CHECK ((open <> 'NaN'::numeric)),
    CONSTRAINT portfolio_hourlyperformance_realized_check CHECK ((realized <> 'NaN'::numeric)),
    CONSTRAINT portfolio_hourlyperformance_realized_pnl_check CHECK ((realized_pnl <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.portfolio_hourlyperformance FORCE ROW LEVEL SECURITY;


--
-- Name: portfolio_hourlyperformance_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.portfolio_hourlyperformance ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.portfolio_hourlyperformance_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: portfolio_portfoliostate; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.portfolio_portfoliostate (
    id bigint NOT NULL,
    synced_at timestamp with time zone,
    syncing_since timestamp with time zone,
    valued_at timestamp with time zone,
    rolled_to date,
    rolled_in character varying(100) DEFAULT ''::character varying NOT NULL,
    building smallint,
    building_step character varying(120) NOT NULL,
    owner_id uuid NOT NULL,
    building_scene jsonb,
    hours_to timestamp with time zone,
    fills_to bigint,
    CONSTRAINT portfolio_portfoliostate_building_check CHECK ((building >= 0))
);

ALTER TABLE ONLY public.portfolio_portfoliostate FORCE ROW LEVEL SECURITY;


--
-- Name: portfolio_portfoliostate_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.portfolio_portfoliostate ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.portfolio_portfoliostate_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: portfolio_rebalancerule; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.portfolio_rebalancerule (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    is_on boolean NOT NULL,
    since timestamp with time zone NOT NULL,
    every character varying(5) NOT NULL,
    on_day smallint,
    hour smallint NOT NULL,
    method character varying(40) NOT NULL,
    asked jsonb NOT NULL,
    band numeric(38,18) NOT NULL,
    automatic_up_to numeric(38,18),
    approve_within smallint NOT NULL,
    after_goals boolean NOT NULL,
    owner_id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    CONSTRAINT portfolio_rebalancerule_approve_within_check CHECK ((approve_within >= 0)),
    CONSTRAINT portfolio_rebalancerule_automatic_up_to_check CHECK ((automatic_up_to <> 'NaN'::numeric)),
    CONSTRAINT portfolio_rebalancerule_band_check CHECK ((band <> 'NaN'::numeric)),
    CONSTRAINT portfolio_rebalancerule_hour_check CHECK ((hour >= 0)),
    CONSTRAINT portfolio_rebalancerule_on_day_check CHECK ((on_day >= 0)),
    CONSTRAINT rebalance_automatic_is_a_fraction CHECK (((automatic_up_to IS NULL) OR ((automatic_up_to > (0)::numeric) AND (automatic_up_to <= (2)::numeric)))),
    CONSTRAINT rebalance_band_is_a_fraction CHECK (((band >= (0)::numeric) AND (band <= (1)::numeric))),
    CONSTRAINT rebalance_day_is_one CHECK (((((every)::text = 'day'::text) AND (on_day IS NULL)) OR (((every)::text = 'week'::text) AND (on_day >= 1) AND (on_day <= 7)) OR (((every)::text = 'month'::text) AND (on_day >= 1) AND (on_day <= 31)))),
    CONSTRAINT rebalance_hour_is_one CHECK ((hour <= 23)),
    CONSTRAINT rebalance_waits_some_days CHECK (((approve_within >= 1) AND (approve_within <= 120)))
);

ALTER TABLE ONLY public.portfolio_rebalancerule FORCE ROW LEVEL SECURITY;


--
-- Name: portfolio_rebalancerun; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.portfolio_rebalancerun (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    key character varying(100) NOT NULL,
    due_at timestamp with time zone NOT NULL,
    because jsonb NOT NULL,
    status character varying(8) NOT NULL,
    reason jsonb NOT NULL,
    used character varying(40) NOT NULL,
    base character varying(20) NOT NULL,
    capital numeric(64,18),
    cost numeric(64,18),
    drift numeric(38,18),
    turnover numeric(38,18),
    notes jsonb NOT NULL,
    targets jsonb NOT NULL,
    looked_at timestamp with time zone,
    expires_at timestamp with time zone,
    settled_at timestamp with time zone,
    allocation_id uuid,
    owner_id uuid NOT NULL,
    rule_id uuid NOT NULL,
    CONSTRAINT portfolio_rebalancerun_capital_check CHECK ((capital <> 'NaN'::numeric)),
    CONSTRAINT portfolio_rebalancerun_cost_check CHECK ((cost <> 'NaN'::numeric)),
    CONSTRAINT portfolio_rebalancerun_drift_check CHECK ((drift <> 'NaN'::numeric)),
    CONSTRAINT portfolio_rebalancerun_turnover_check CHECK ((turnover <> 'NaN'::numeric)),
    CONSTRAINT rebalance_run_says_when CHECK ((((settled_at IS NULL) AND ((status)::text = ANY (ARRAY[('due'::character varying)::text, ('waiting'::character varying)::text]))) OR ((NOT ((status)::text = ANY (ARRAY[('due'::character varying)::text, ('waiting'::character varying)::text]))) AND (settled_at IS NOT NULL)))),
    CONSTRAINT rebalance_run_waits_until CHECK (((NOT ((status)::text = 'waiting'::text)) OR (expires_at IS NOT NULL)))
);

ALTER TABLE ONLY public.portfolio_rebalancerun FORCE ROW LEVEL SECURITY;


--
-- Name: portfolio_snapshot; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.portfolio_snapshot (
    id bigint NOT NULL,
    owner_id uuid NOT NULL,
    wallet_id uuid,
    scope uuid GENERATED ALWAYS AS (COALESCE(wallet_id, owner_id)) STORED,
    at timestamp with time zone NOT NULL,
    base character varying(20) NOT NULL,
    equity numeric(64,18) NOT NULL,
    cash numeric(64,18) NOT NULL,
    invested numeric(64,18) NOT NULL,
    unrealized_pnl numeric(64,18) NOT NULL,
    realized_pnl numeric(64,18) NOT NULL,
    fees numeric(64,18) NOT NULL,
    flow numeric(64,18) NOT NULL,
    flows numeric(64,18) NOT NULL,
    adjustments numeric(64,18) NOT NULL,
    gross_exposure numeric(64,18) NOT NULL,
    net_exposure numeric(64,18) NOT NULL,
    twr_index double precision NOT NULL,
    is_stale boolean NOT NULL,
    unpriced jsonb NOT NULL,
    corrected_at timestamp with time zone,
    equity_before numeric(64,18),
    funding numeric(64,18) DEFAULT 0 NOT NULL,
    CONSTRAINT portfolio_snapshot_adjustments_check CHECK ((adjustments <> 'NaN'::numeric)),
    CONSTRAINT portfolio_snapshot_cash_check CHECK ((cash <> 'NaN'::numeric)),
    CONSTRAINT portfolio_snapshot_equity_before_check CHECK ((equity_before <> 'NaN'::numeric)),
    CONSTRAINT portfolio_snapshot_equity_check CHECK ((equity <> 'NaN'::numeric)),
    CONSTRAINT portfolio_snapshot_fees_check CHECK ((fees <> 'NaN'::numeric)),
    CONSTRAINT portfolio_snapshot_flow_check CHECK ((flow <> 'NaN'::numeric)),
    CONSTRAINT portfolio_snapshot_flows_check CHECK ((flows <> 'NaN'::numeric)),
    CONSTRAINT portfolio_snapshot_funding_check CHECK ((funding <> 'NaN'::numeric)),
    CONSTRAINT portfolio_snapshot_gross_exposure_check CHECK ((gross_exposure <> 'NaN'::numeric)),
    CONSTRAINT portfolio_snapshot_invested_check CHECK ((invested <> 'NaN'::numeric)),
    CONSTRAINT portfolio_snapshot_net_exposure_check CHECK ((net_exposure <> 'NaN'::numeric)),
    CONSTRAINT portfolio_snapshot_realized_pnl_check CHECK ((realized_pnl <> 'NaN'::numeric)),
    CONSTRAINT portfolio_snapshot_unrealized_pnl_check CHECK ((unrealized_pnl <> 'NaN'::numeric))
)
PARTITION BY RANGE (at);

ALTER TABLE ONLY public.portfolio_snapshot FORCE ROW LEVEL SECURITY;


--
-- Name: portfolio_snapshot_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.portfolio_snapshot ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.portfolio_snapshot_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: portfolio_stay; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.portfolio_stay (
    id bigint NOT NULL,
    until timestamp with time zone NOT NULL,
    owner_id uuid NOT NULL,
    under_id uuid,
    wallet_id uuid NOT NULL
);

ALTER TABLE ONLY public.portfolio_stay FORCE ROW LEVEL SECURITY;


--
-- Name: portfolio_stay_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.portfolio_stay ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.portfolio_stay_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: trading_aistate; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trading_aistate (
    id bigint NOT NULL,
    version integer NOT NULL,
    exposure numeric(9,8),
    stop_distance numeric(9,8),
    target_distance numeric(12,8),
    sentiment numeric(9,8),
    sentiment_text character varying(500) NOT NULL,
    sentiment_source character varying(200) NOT NULL,
    note character varying(500) NOT NULL,
    expires_at timestamp with time zone,
    written_by character varying(80) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    owner_id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    CONSTRAINT ai_state_within_its_bounds CHECK (((version >= 1) AND ((exposure IS NULL) OR ((exposure >= (0)::numeric) AND (exposure <= (1)::numeric))) AND ((stop_distance IS NULL) OR ((stop_distance > (0)::numeric) AND (stop_distance < (1)::numeric))) AND ((target_distance IS NULL) OR ((target_distance > (0)::numeric) AND (target_distance <= (10)::numeric))) AND ((sentiment IS NULL) OR ((sentiment >= ('-1'::integer)::numeric) AND (sentiment <= (1)::numeric))))),
    CONSTRAINT trading_aistate_version_check CHECK ((version >= 0))
);

ALTER TABLE ONLY public.trading_aistate FORCE ROW LEVEL SECURITY;


--
-- Name: trading_aistate_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.trading_aistate ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.trading_aistate_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: trading_amendment; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trading_amendment (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    key character varying(120) NOT NULL,
    limit_price numeric(38,18) NOT NULL,
    quantity numeric(38,18) NOT NULL,
    result jsonb NOT NULL,
    due_at timestamp with time zone,
    closed_at timestamp with time zone,
    order_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    way character varying(8) DEFAULT 'ends'::character varying NOT NULL,
    attempts smallint DEFAULT 0 NOT NULL,
    explanation jsonb NOT NULL,
    numbers jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT amendment_amounts_finite CHECK (((limit_price < '100000000000000000000'::numeric) AND (quantity < '100000000000000000000'::numeric))),
    CONSTRAINT amendment_open_is_never_forgotten CHECK ((((closed_at IS NULL) AND (due_at IS NOT NULL)) OR ((closed_at IS NOT NULL) AND (due_at IS NULL)))),
    CONSTRAINT amendment_positive CHECK (((limit_price > (0)::numeric) AND (quantity > (0)::numeric))),
    CONSTRAINT amendment_way_known CHECK (((way)::text = ANY (ARRAY[('ends'::character varying)::text, ('in_place'::character varying)::text, ('at_once'::character varying)::text]))),
    CONSTRAINT trading_amendment_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT trading_amendment_limit_price_check CHECK ((limit_price <> 'NaN'::numeric)),
    CONSTRAINT trading_amendment_quantity_check CHECK ((quantity <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.trading_amendment FORCE ROW LEVEL SECURITY;


--
-- Name: trading_cancellation; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trading_cancellation (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    reason jsonb NOT NULL,
    attempts smallint NOT NULL,
    due_at timestamp with time zone,
    closed_at timestamp with time zone,
    owner_id uuid NOT NULL,
    order_id uuid NOT NULL,
    CONSTRAINT cancellation_open_is_never_forgotten CHECK ((((closed_at IS NULL) AND (due_at IS NOT NULL)) OR ((closed_at IS NOT NULL) AND (due_at IS NULL)))),
    CONSTRAINT trading_cancellation_attempts_check CHECK ((attempts >= 0))
);

ALTER TABLE ONLY public.trading_cancellation FORCE ROW LEVEL SECURITY;


--
-- Name: trading_emergencystop; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trading_emergencystop (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    policy character varying(17) NOT NULL,
    status character varying(10) NOT NULL,
    result jsonb NOT NULL,
    done_at timestamp with time zone,
    owner_id uuid NOT NULL,
    wallet_id uuid NOT NULL
);

ALTER TABLE ONLY public.trading_emergencystop FORCE ROW LEVEL SECURITY;


--
-- Name: trading_entrylock; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trading_entrylock (
    id bigint NOT NULL,
    kind character varying(24) NOT NULL,
    measured numeric(20,8) NOT NULL,
    began_at timestamp with time zone NOT NULL,
    until timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    instrument_id bigint,
    limit_id bigint NOT NULL,
    owner_id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    CONSTRAINT entry_lock_has_a_time CHECK ((until >= began_at)),
    CONSTRAINT entry_lock_kind_known CHECK (((kind)::text = ANY (ARRAY[('cooldown_bars'::character varying)::text, ('maximum_drawdown'::character varying)::text, ('minimum_profit_factor'::character varying)::text]))),
    CONSTRAINT entry_lock_measured CHECK (((measured >= (0)::numeric) AND (measured <= (1000)::numeric)))
);

ALTER TABLE ONLY public.trading_entrylock FORCE ROW LEVEL SECURITY;


--
-- Name: trading_entrylock_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.trading_entrylock ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.trading_entrylock_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: trading_fill; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trading_fill (
    id bigint NOT NULL,
    venue_trade_id character varying(80) NOT NULL,
    side character varying(4) NOT NULL,
    price numeric(38,18) NOT NULL,
    quantity numeric(38,18) NOT NULL,
    fee numeric(38,18) NOT NULL,
    fee_asset character varying(20) NOT NULL,
    liquidity character varying(8) NOT NULL,
    filled_at timestamp with time zone NOT NULL,
    connection_id uuid NOT NULL,
    instrument_id bigint NOT NULL,
    owner_id uuid NOT NULL,
    posting_id bigint NOT NULL,
    wallet_id uuid NOT NULL,
    order_id uuid NOT NULL,
    written xid8 DEFAULT pg_current_xact_id() NOT NULL,
    realized numeric(64,18),
    CONSTRAINT fill_amounts_finite CHECK (((fee < '100000000000000000000'::numeric) AND (price < '100000000000000000000'::numeric) AND (quantity < '100000000000000000000'::numeric))),
    CONSTRAINT fill_liquidity_known CHECK (((liquidity)::text = ANY (ARRAY[('maker'::character varying)::text, ('taker'::character varying)::text, ('internal'::character varying)::text]))),
    CONSTRAINT fill_positive CHECK (((price > (0)::numeric) AND (quantity > (0)::numeric))),
    CONSTRAINT fill_side_known CHECK (((side)::text = ANY (ARRAY[('buy'::character varying)::text, ('sell'::character varying)::text]))),
    CONSTRAINT trading_fill_fee_check CHECK ((fee <> 'NaN'::numeric)),
    CONSTRAINT trading_fill_price_check CHECK ((price <> 'NaN'::numeric)),
    CONSTRAINT trading_fill_quantity_check CHECK ((quantity <> 'NaN'::numeric)),
    CONSTRAINT trading_fill_realized_check CHECK ((realized <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.trading_fill FORCE ROW LEVEL SECURITY;


--
-- Name: trading_fill_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.trading_fill ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.trading_fill_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: trading_heldtotal; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trading_heldtotal (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    quantity numeric(64,18) NOT NULL,
    cost numeric(64,18) NOT NULL,
    paid numeric(64,18) NOT NULL,
    got numeric(64,18) NOT NULL,
    fees numeric(64,18) NOT NULL,
    instrument_id bigint NOT NULL,
    owner_id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    CONSTRAINT trading_heldtotal_cost_check CHECK ((cost <> 'NaN'::numeric)),
    CONSTRAINT trading_heldtotal_fees_check CHECK ((fees <> 'NaN'::numeric)),
    CONSTRAINT trading_heldtotal_got_check CHECK ((got <> 'NaN'::numeric)),
    CONSTRAINT trading_heldtotal_paid_check CHECK ((paid <> 'NaN'::numeric)),
    CONSTRAINT trading_heldtotal_quantity_check CHECK ((quantity <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.trading_heldtotal FORCE ROW LEVEL SECURITY;


--
-- Name: trading_heldtotal_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.trading_heldtotal ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.trading_heldtotal_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: trading_masscancellation; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trading_masscancellation (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    key character varying(120) NOT NULL,
    request character varying(64) NOT NULL,
    side character varying(4) NOT NULL,
    below boolean NOT NULL,
    orders uuid[] NOT NULL,
    instrument_id bigint,
    owner_id uuid NOT NULL,
    wallet_id uuid
);

ALTER TABLE ONLY public.trading_masscancellation FORCE ROW LEVEL SECURITY;


--
-- Name: trading_order; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trading_order (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    key character varying(120) NOT NULL,
    client_order_id character varying(40) NOT NULL,
    venue_order_id character varying(80) NOT NULL,
    side character varying(4) NOT NULL,
    type character varying(13) NOT NULL,
    quantity numeric(38,18) NOT NULL,
    reduce_only boolean NOT NULL,
    status character varying(16) NOT NULL,
    reason jsonb NOT NULL,
    refusal jsonb NOT NULL,
    reference_price numeric(38,18) NOT NULL,
    exit_stop numeric(38,18),
    exit_target numeric(38,18),
    exit_trail numeric(38,18),
    filled_quantity numeric(38,18) NOT NULL,
    average_price numeric(38,18),
    attempts smallint NOT NULL,
    due_at timestamp with time zone,
    submitted_at timestamp with time zone,
    closed_at timestamp with time zone,
    connection_id uuid NOT NULL,
    hold_id bigint,
    instrument_id bigint NOT NULL,
    owner_id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    protects_id uuid,
    request character varying(64) NOT NULL,
    expires_at timestamp with time zone,
    limit_price numeric(38,18),
    post_only boolean NOT NULL,
    time_in_force character varying(3) NOT NULL,
    replaces_id uuid,
    trail numeric(38,18),
    trail_share numeric(38,18),
    trigger_price numeric(38,18),
    triggered_at timestamp with time zone,
    origin character varying(8) DEFAULT 'moniqo'::character varying NOT NULL,
    target_price numeric(38,18),
    trail_atr numeric(38,18),
    trail_timeframe character varying(3) NOT NULL,
    leverage numeric(38,18),
    crossed_quantity numeric(38,18) DEFAULT 0 NOT NULL,
    CONSTRAINT order_amounts_finite CHECK (((average_price < '100000000000000000000'::numeric) AND (exit_stop < '100000000000000000000'::numeric) AND (exit_target < '100000000000000000000'::numeric) AND (exit_trail < '100000000000000000000'::numeric) AND (filled_quantity < '100000000000000000000'::numeric) AND (limit_price < '100000000000000000000'::numeric) AND (quantity < '100000000000000000000'::numeric) AND (reference_price < '100000000000000000000'::numeric) AND (target_price < '100000000000000000000'::numeric) AND (trail < '100000000000000000000'::numeric) AND (trail_atr < '100000000000000000000'::numeric) AND (trail_share < '100000000000000000000'::numeric) AND (trigger_price < '100000000000000000000'::numeric))),
    CONSTRAINT order_crossed_is_a_part_of_it CHECK (((crossed_quantity = (0)::numeric) OR ((crossed_quantity > (0)::numeric) AND (crossed_quantity <= quantity) AND (leverage IS NULL) AND ((type)::text = 'market'::text)))),
    CONSTRAINT order_external_is_the_venues CHECK ((((origin)::text = 'moniqo'::text) OR ((attempts > 0) AND (hold_id IS NULL) AND ((origin)::text = 'external'::text) AND (protects_id IS NULL) AND (NOT ((venue_order_id)::text = ''::text))))),
    CONSTRAINT order_filled_is_filled CHECK (((NOT ((status)::text = 'filled'::text)) OR (filled_quantity >= quantity))),
    CONSTRAINT order_filled_not_negative CHECK ((filled_quantity >= (0)::numeric)),
    CONSTRAINT order_good_until_a_moment CHECK ((((expires_at IS NOT NULL) AND ((time_in_force)::text = 'gtd'::text)) OR ((NOT ((time_in_force)::text = 'gtd'::text)) AND (expires_at IS NULL)))),
    CONSTRAINT order_levels_positive CHECK (((NOT ((exit_stop <= (0)::numeric) AND (exit_stop IS NOT NULL))) AND (NOT ((exit_target <= (0)::numeric) AND (exit_target IS NOT NULL))) AND (NOT ((exit_trail <= (0)::numeric) AND (exit_trail IS NOT NULL))))),
    CONSTRAINT order_leverage CHECK (((leverage IS NULL) OR ((leverage >= (1)::numeric) AND (leverage < '100000000000000000000'::numeric)))),
    CONSTRAINT order_limit_has_a_price CHECK ((((limit_price > (0)::numeric) AND ((time_in_force)::text = ANY (ARRAY[('gtc'::character varying)::text, ('ioc'::character varying)::text, ('fok'::character varying)::text, ('gtd'::character varying)::text])) AND ((type)::text = ANY (ARRAY[('limit'::character varying)::text, ('stop_limit'::character varying)::text]))) OR ((NOT ((type)::text = ANY (ARRAY[('limit'::character varying)::text, ('stop_limit'::character varying)::text]))) AND (limit_price IS NULL) AND ((time_in_force)::text = ''::text)))),
    CONSTRAINT order_post_only_rests CHECK (((NOT post_only) OR ((time_in_force)::text = ANY (ARRAY[('gtc'::character varying)::text, ('gtd'::character varying)::text])))),
    CONSTRAINT order_quantity_positive CHECK ((quantity > (0)::numeric)),
    CONSTRAINT order_side_known CHECK (((side)::text = ANY (ARRAY[('buy'::character varying)::text, ('sell'::character varying)::text]))),
    CONSTRAINT order_status_known CHECK (((status)::text = ANY (ARRAY[('cancelled'::character varying)::text, ('draft'::character varying)::text, ('expired'::character varying)::text, ('filled'::character varying)::text, ('open'::character varying)::text, ('partially_filled'::character varying)::text, ('rejected'::character varying)::text, ('submitting'::character varying)::text, ('uncertain'::character varying)::text, ('waiting'::character varying)::text]))),
    CONSTRAINT order_target_of_two CHECK ((((target_price > (0)::numeric) AND ((type)::text = 'oco'::text)) OR ((NOT ((type)::text = 'oco'::text)) AND (target_price IS NULL)))),
    CONSTRAINT order_trail_by_range CHECK ((((trail IS NOT NULL) AND (trail_atr > (0)::numeric) AND ((trail_timeframe)::text = ANY (ARRAY[('1m'::character varying)::text, ('5m'::character varying)::text, ('15m'::character varying)::text, ('1h'::character varying)::text, ('4h'::character varying)::text, ('1d'::character varying)::text]))) OR ((trail_atr IS NULL) AND ((trail_timeframe)::text = ''::text)))),
    CONSTRAINT order_trigger_has_a_price CHECK ((((trail IS NULL) AND (trail_share IS NULL) AND (trigger_price IS NULL) AND ((type)::text = ANY (ARRAY[('market'::character varying)::text, ('limit'::character varying)::text]))) OR ((trail IS NULL) AND (trail_share IS NULL) AND (trigger_price > (0)::numeric) AND ((type)::text = ANY (ARRAY[('stop'::character varying)::text, ('stop_limit'::character varying)::text, ('take_profit'::character varying)::text, ('oco'::character varying)::text]))) OR ((trigger_price > (0)::numeric) AND ((type)::text = 'trailing_stop'::text) AND (((trail > (0)::numeric) AND (trail_share IS NULL)) OR ((trail IS NULL) AND (trail_share > (0)::numeric) AND (trail_share < (1)::numeric)))))),
    CONSTRAINT order_unfinished_is_never_forgotten CHECK ((((closed_at IS NULL) AND (due_at IS NULL) AND ((status)::text = 'waiting'::text)) OR (((status)::text = ANY (ARRAY[('draft'::character varying)::text, ('open'::character varying)::text, ('partially_filled'::character varying)::text, ('submitting'::character varying)::text, ('uncertain'::character varying)::text, ('waiting'::character varying)::text])) AND (NOT ((status)::text = 'waiting'::text)) AND (closed_at IS NULL) AND (due_at IS NOT NULL)) OR ((NOT ((status)::text = ANY (ARRAY[('draft'::character varying)::text, ('open'::character varying)::text, ('partially_filled'::character varying)::text, ('submitting'::character varying)::text, ('uncertain'::character varying)::text, ('waiting'::character varying)::text]))) AND (closed_at IS NOT NULL) AND (due_at IS NULL) AND (hold_id IS NULL)))),
    CONSTRAINT trading_order_attempts_check CHECK ((attempts >= 0)),
    CONSTRAINT trading_order_average_price_check CHECK ((average_price <> 'NaN'::numeric)),
    CONSTRAINT trading_order_crossed_quantity_check CHECK ((crossed_quantity <> 'NaN'::numeric)),
    CONSTRAINT trading_order_exit_stop_check CHECK ((exit_stop <> 'NaN'::numeric)),
    CONSTRAINT trading_order_exit_target_check CHECK ((exit_target <> 'NaN'::numeric)),
    CONSTRAINT trading_order_exit_trail_check CHECK ((exit_trail <> 'NaN'::numeric)),
    CONSTRAINT trading_order_filled_quantity_check CHECK ((filled_quantity <> 'NaN'::numeric)),
    CONSTRAINT trading_order_leverage_check CHECK ((leverage <> 'NaN'::numeric)),
    CONSTRAINT trading_order_limit_price_check CHECK ((limit_price <> 'NaN'::numeric)),
    CONSTRAINT trading_order_quantity_check CHECK ((quantity <> 'NaN'::numeric)),
    CONSTRAINT trading_order_reference_price_check CHECK ((reference_price <> 'NaN'::numeric)),
    CONSTRAINT trading_order_target_price_check CHECK ((target_price <> 'NaN'::numeric)),
    CONSTRAINT trading_order_trail_atr_check CHECK ((trail_atr <> 'NaN'::numeric)),
    CONSTRAINT trading_order_trail_check CHECK ((trail <> 'NaN'::numeric)),
    CONSTRAINT trading_order_trail_share_check CHECK ((trail_share <> 'NaN'::numeric)),
    CONSTRAINT trading_order_trigger_price_check CHECK ((trigger_price <> 'NaN'::numeric))
)
WITH (fillfactor='70');

ALTER TABLE ONLY public.trading_order FORCE ROW LEVEL SECURITY;


--
-- Name: trading_orderevent; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trading_orderevent (
    id bigint NOT NULL,
    from_status character varying(16) NOT NULL,
    to_status character varying(16) NOT NULL,
    detail jsonb NOT NULL,
    answer jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    order_id uuid NOT NULL,
    owner_id uuid NOT NULL
)
PARTITION BY RANGE (created_at);

ALTER TABLE ONLY public.trading_orderevent FORCE ROW LEVEL SECURITY;


--
-- Name: trading_orderevent_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.trading_orderevent ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.trading_orderevent_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: trading_orderevent_rest; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trading_orderevent_rest (
    id bigint CONSTRAINT trading_orderevent_id_not_null NOT NULL,
    from_status character varying(16) CONSTRAINT trading_orderevent_from_status_not_null NOT NULL,
    to_status character varying(16) CONSTRAINT trading_orderevent_to_status_not_null NOT NULL,
    detail jsonb CONSTRAINT trading_orderevent_detail_not_null NOT NULL,
    answer jsonb CONSTRAINT trading_orderevent_answer_not_null NOT NULL,
    created_at timestamp with time zone CONSTRAINT trading_orderevent_created_at_not_null NOT NULL,
    order_id uuid CONSTRAINT trading_orderevent_order_id_not_null NOT NULL,
    owner_id uuid CONSTRAINT trading_orderevent_owner_id_not_null NOT NULL
);

ALTER TABLE ONLY public.trading_orderevent_rest FORCE ROW LEVEL SECURITY;


--
-- Name: trading_platformlimit; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trading_platformlimit (
    id bigint NOT NULL,
    maximum_notional numeric(38,18),
    notional_asset character varying(20) NOT NULL,
    maximum_distance numeric(9,8),
    platform_id character varying(40) NOT NULL,
    CONSTRAINT platform_limit_distance_is_a_share CHECK (((maximum_distance IS NULL) OR ((maximum_distance > (0)::numeric) AND (maximum_distance <= (1)::numeric)))),
    CONSTRAINT platform_limit_positive CHECK (((maximum_notional IS NULL) OR ((maximum_notional > (0)::numeric) AND (maximum_notional < '100000000000000000000'::numeric) AND (NOT ((notional_asset)::text = ''::text))))),
    CONSTRAINT trading_platformlimit_maximum_notional_check CHECK ((maximum_notional <> 'NaN'::numeric))
);


--
-- Name: trading_platformlimit_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.trading_platformlimit ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.trading_platformlimit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: trading_riskdecision; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trading_riskdecision (
    id bigint NOT NULL,
    allowed boolean NOT NULL,
    "limit" character varying(40) NOT NULL,
    explanation jsonb NOT NULL,
    numbers jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    order_id uuid NOT NULL,
    owner_id uuid NOT NULL
)
PARTITION BY RANGE (created_at);

ALTER TABLE ONLY public.trading_riskdecision FORCE ROW LEVEL SECURITY;


--
-- Name: trading_riskdecision_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.trading_riskdecision ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.trading_riskdecision_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: trading_riskdecision_rest; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trading_riskdecision_rest (
    id bigint CONSTRAINT trading_riskdecision_id_not_null NOT NULL,
    allowed boolean CONSTRAINT trading_riskdecision_allowed_not_null NOT NULL,
    "limit" character varying(40) CONSTRAINT trading_riskdecision_limit_not_null NOT NULL,
    explanation jsonb CONSTRAINT trading_riskdecision_explanation_not_null NOT NULL,
    numbers jsonb CONSTRAINT trading_riskdecision_numbers_not_null NOT NULL,
    created_at timestamp with time zone CONSTRAINT trading_riskdecision_created_at_not_null NOT NULL,
    order_id uuid CONSTRAINT trading_riskdecision_order_id_not_null NOT NULL,
    owner_id uuid CONSTRAINT trading_riskdecision_owner_id_not_null NOT NULL
);

ALTER TABLE ONLY public.trading_riskdecision_rest FORCE ROW LEVEL SECURITY;


--
-- Name: trading_risklimit; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trading_risklimit (
    id bigint NOT NULL,
    allowed_symbols jsonb,
    maximum_notional numeric(38,18),
    notional_asset character varying(20) NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    connection_id uuid,
    owner_id uuid NOT NULL,
    wallet_id uuid,
    lost numeric(9,8),
    maximum_daily_loss numeric(9,8),
    rests_until timestamp with time zone,
    maximum_position numeric(38,18),
    maximum_open_positions integer,
    maximum_risk numeric(9,8),
    default_stop numeric(9,8),
    default_target numeric(12,8),
    maximum_exposure numeric(9,8),
    maximum_distance numeric(9,8),
    maximum_orders_per_minute integer,
    cooldown_bars integer,
    lock_hours integer NOT NULL,
    lookback_days integer NOT NULL,
    lookback_trades integer NOT NULL,
    maximum_drawdown numeric(9,8),
    minimum_profit_factor numeric(12,8),
    maximum_correlated numeric(9,8),
    CONSTRAINT risk_limit_daily_loss_is_a_share CHECK (((maximum_daily_loss IS NULL) OR ((maximum_daily_loss > (0)::numeric) AND (maximum_daily_loss <= (1)::numeric)))),
    CONSTRAINT risk_limit_on_one_thing CHECK ((((connection_id IS NULL) AND (wallet_id IS NOT NULL)) OR ((connection_id IS NOT NULL) AND (wallet_id IS NULL)))),
    CONSTRAINT risk_limit_position_positive CHECK (((maximum_position IS NULL) OR ((maximum_position > (0)::numeric) AND (maximum_position < '100000000000000000000'::numeric) AND (NOT ((notional_asset)::text = ''::text))))),
    CONSTRAINT risk_limit_positive CHECK (((maximum_notional IS NULL) OR ((maximum_notional > (0)::numeric) AND (maximum_notional < '100000000000000000000'::numeric) AND (NOT ((notional_asset)::text = ''::text))))),
    CONSTRAINT risk_limit_protections CHECK ((((cooldown_bars IS NULL) OR ((cooldown_bars >= 1) AND (cooldown_bars <= 1000))) AND ((maximum_drawdown IS NULL) OR ((maximum_drawdown > (0)::numeric) AND (maximum_drawdown <= (1)::numeric))) AND ((minimum_profit_factor IS NULL) OR ((minimum_profit_factor > (0)::numeric) AND (minimum_profit_factor <= (1000)::numeric))) AND (lookback_days >= 1) AND (lookback_days <= 365) AND (lookback_trades >= 2) AND (lookback_trades <= 1000) AND (lock_hours >= 1) AND (lock_hours <= 8760))),
    CONSTRAINT risk_limit_rests_for_a_loss CHECK ((((lost IS NULL) AND (rests_until IS NULL)) OR ((lost IS NOT NULL) AND (maximum_daily_loss IS NOT NULL) AND (rests_until IS NOT NULL)))),
    CONSTRAINT risk_limit_shares CHECK ((((maximum_risk IS NULL) OR ((maximum_risk > (0)::numeric) AND (maximum_risk <= (1)::numeric))) AND ((default_stop IS NULL) OR ((default_stop > (0)::numeric) AND (default_stop < (1)::numeric))) AND ((default_target IS NULL) OR (default_target > (0)::numeric)) AND ((maximum_exposure IS NULL) OR ((maximum_exposure > (0)::numeric) AND (maximum_exposure <= (1)::numeric))) AND ((maximum_distance IS NULL) OR ((maximum_distance > (0)::numeric) AND (maximum_distance <= (1)::numeric))) AND ((maximum_correlated IS NULL) OR ((maximum_correlated > (0)::numeric) AND (maximum_correlated <= (1)::numeric))))),
    CONSTRAINT trading_risklimit_cooldown_bars_check CHECK ((cooldown_bars >= 0)),
    CONSTRAINT trading_risklimit_lock_hours_check CHECK ((lock_hours >= 0)),
    CONSTRAINT trading_risklimit_lookback_days_check CHECK ((lookback_days >= 0)),
    CONSTRAINT trading_risklimit_lookback_trades_check CHECK ((lookback_trades >= 0)),
    CONSTRAINT trading_risklimit_maximum_notional_check CHECK ((maximum_notional <> 'NaN'::numeric)),
    CONSTRAINT trading_risklimit_maximum_open_positions_check CHECK ((maximum_open_positions >= 0)),
    CONSTRAINT trading_risklimit_maximum_orders_per_minute_check CHECK ((maximum_orders_per_minute >= 0)),
    CONSTRAINT trading_risklimit_maximum_position_check CHECK ((maximum_position <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.trading_risklimit FORCE ROW LEVEL SECURITY;


--
-- Name: trading_risklimit_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.trading_risklimit ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.trading_risklimit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: trading_tradeday; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trading_tradeday (
    id bigint NOT NULL,
    trades bigint NOT NULL,
    won_trades bigint NOT NULL,
    lost_trades bigint NOT NULL,
    won numeric(64,18) NOT NULL,
    lost numeric(64,18) NOT NULL,
    fees numeric(64,18) NOT NULL,
    day date NOT NULL,
    instrument_id bigint NOT NULL,
    owner_id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    under uuid NOT NULL,
    CONSTRAINT trading_tradeday_fees_check CHECK ((fees <> 'NaN'::numeric)),
    CONSTRAINT trading_tradeday_lost_check CHECK ((lost <> 'NaN'::numeric)),
    CONSTRAINT trading_tradeday_won_check CHECK ((won <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.trading_tradeday FORCE ROW LEVEL SECURITY;


--
-- Name: trading_tradeday_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.trading_tradeday ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.trading_tradeday_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: trading_tradeslice; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trading_tradeslice (
    id bigint NOT NULL,
    trades bigint NOT NULL,
    won_trades bigint NOT NULL,
    lost_trades bigint NOT NULL,
    won numeric(64,18) NOT NULL,
    lost numeric(64,18) NOT NULL,
    fees numeric(64,18) NOT NULL,
    under uuid NOT NULL,
    by character varying(6) NOT NULL,
    key character varying(12) NOT NULL,
    traded numeric(64,18) NOT NULL,
    instrument_id bigint NOT NULL,
    owner_id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    CONSTRAINT trading_tradeslice_fees_check CHECK ((fees <> 'NaN'::numeric)),
    CONSTRAINT trading_tradeslice_lost_check CHECK ((lost <> 'NaN'::numeric)),
    CONSTRAINT trading_tradeslice_traded_check CHECK ((traded <> 'NaN'::numeric)),
    CONSTRAINT trading_tradeslice_won_check CHECK ((won <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.trading_tradeslice FORCE ROW LEVEL SECURITY;


--
-- Name: trading_tradeslice_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.trading_tradeslice ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.trading_tradeslice_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: trading_tradetotal; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.trading_tradetotal (
    id bigint NOT NULL,
    trades bigint NOT NULL,
    won_trades bigint NOT NULL,
    lost_trades bigint NOT NULL,
    won numeric(64,18) NOT NULL,
    lost numeric(64,18) NOT NULL,
    fees numeric(64,18) NOT NULL,
    instrument_id bigint NOT NULL,
    owner_id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    CONSTRAINT trading_tradetotal_fees_check CHECK ((fees <> 'NaN'::numeric)),
    CONSTRAINT trading_tradetotal_lost_check CHECK ((lost <> 'NaN'::numeric)),
    CONSTRAINT trading_tradetotal_won_check CHECK ((won <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.trading_tradetotal FORCE ROW LEVEL SECURITY;


--
-- Name: trading_tradetotal_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.trading_tradetotal ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.trading_tradetotal_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: users_recoverycode; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.users_recoverycode (
    id bigint NOT NULL,
    digest character varying(64) NOT NULL,
    used_at timestamp with time zone,
    owner_id uuid NOT NULL
);

ALTER TABLE ONLY public.users_recoverycode FORCE ROW LEVEL SECURITY;


--
-- Name: users_recoverycode_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.users_recoverycode ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.users_recoverycode_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: users_secondfactor; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.users_secondfactor (
    id bigint NOT NULL,
    secret bytea NOT NULL,
    confirmed_at timestamp with time zone,
    last_step bigint NOT NULL,
    owner_id uuid NOT NULL
);

ALTER TABLE ONLY public.users_secondfactor FORCE ROW LEVEL SECURITY;


--
-- Name: users_secondfactor_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.users_secondfactor ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.users_secondfactor_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: users_token; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.users_token (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    kind character varying(8) NOT NULL,
    name character varying(80) NOT NULL,
    scopes jsonb NOT NULL,
    password_mark character varying(128) NOT NULL,
    address inet,
    expires_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone,
    revoked_at timestamp with time zone,
    owner_id uuid NOT NULL,
    wallet_id uuid,
    asks_first boolean NOT NULL
);

ALTER TABLE ONLY public.users_token FORCE ROW LEVEL SECURITY;


--
-- Name: users_user; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.users_user (
    password character varying(128) NOT NULL,
    last_login timestamp with time zone,
    is_superuser boolean NOT NULL,
    id uuid NOT NULL,
    email character varying(254) NOT NULL,
    name character varying(120) NOT NULL,
    is_active boolean NOT NULL,
    is_staff boolean NOT NULL,
    date_joined timestamp with time zone NOT NULL,
    base_currency character varying(12) NOT NULL,
    timezone character varying(64) NOT NULL,
    number_format character varying(8) NOT NULL,
    date_format character varying(11) NOT NULL,
    theme character varying(8) NOT NULL,
    palette character varying(16) NOT NULL,
    privacy boolean NOT NULL,
    shortcuts boolean NOT NULL
);


--
-- Name: users_user_groups; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.users_user_groups (
    id bigint NOT NULL,
    user_id uuid NOT NULL,
    group_id integer NOT NULL
);


--
-- Name: users_user_groups_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.users_user_groups ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.users_user_groups_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: users_user_user_permissions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.users_user_user_permissions (
    id bigint NOT NULL,
    user_id uuid NOT NULL,
    permission_id integer NOT NULL
);


--
-- Name: users_user_user_permissions_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.users_user_user_permissions ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.users_user_user_permissions_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: wallets_connection; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wallets_connection (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    name character varying(80) NOT NULL,
    venue character varying(40) NOT NULL,
    is_paper boolean NOT NULL,
    state character varying(10) NOT NULL,
    status character varying(10) NOT NULL,
    status_detail text NOT NULL,
    synced_at timestamp with time zone,
    owner_id uuid NOT NULL,
    platform_id character varying(40) NOT NULL,
    is_rehearsing boolean NOT NULL,
    active_since timestamp with time zone,
    live_at timestamp with time zone,
    permissions character varying(12)[],
    failures integer NOT NULL,
    next_try_at timestamp with time zone,
    deposits_to_id uuid,
    withdrawals_from_id uuid,
    derivatives_to_id uuid,
    stream character varying(8) NOT NULL,
    stream_since timestamp with time zone,
    stream_detail text NOT NULL,
    orders_compared_at timestamp with time zone,
    orders_due_at timestamp with time zone,
    CONSTRAINT wallets_connection_failures_check CHECK ((failures >= 0))
)
WITH (fillfactor='70');

ALTER TABLE ONLY public.wallets_connection FORCE ROW LEVEL SECURITY;


--
-- Name: wallets_wallet; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wallets_wallet (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    name character varying(80) NOT NULL,
    role character varying(10) NOT NULL,
    base_asset character varying(20) NOT NULL,
    trading_state character varying(8) NOT NULL,
    target_weight numeric(9,8),
    connection_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    parent_id uuid,
    minimum_balance numeric(38,18) NOT NULL,
    archived_at timestamp with time zone,
    maximum_balance numeric(38,18),
    protects_in_halt boolean NOT NULL,
    held_for character varying(200) DEFAULT ''::character varying NOT NULL,
    holds jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT wallet_ceiling_above_the_minimum CHECK (((maximum_balance IS NULL) OR (maximum_balance >= minimum_balance))),
    CONSTRAINT wallet_master_is_the_root CHECK ((((parent_id IS NULL) AND ((role)::text = ANY (ARRAY[('master'::character varying)::text, ('unassigned'::character varying)::text]))) OR ((NOT ((role)::text = ANY (ARRAY[('master'::character varying)::text, ('unassigned'::character varying)::text]))) AND (parent_id IS NOT NULL)))),
    CONSTRAINT wallet_minimum_balance_not_negative CHECK ((minimum_balance >= (0)::numeric)),
    CONSTRAINT wallet_reserve_has_no_target CHECK (((NOT ((role)::text = ANY (ARRAY[('reserve'::character varying)::text, ('pool'::character varying)::text]))) OR (target_weight IS NULL))),
    CONSTRAINT wallet_target_weight_is_a_fraction CHECK (((target_weight IS NULL) OR ((target_weight >= (0)::numeric) AND (target_weight <= (1)::numeric)))),
    CONSTRAINT wallets_wallet_maximum_balance_check CHECK ((maximum_balance <> 'NaN'::numeric)),
    CONSTRAINT wallets_wallet_minimum_balance_check CHECK ((minimum_balance <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.wallets_wallet FORCE ROW LEVEL SECURITY;


--
-- Name: wallet_connections; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.wallet_connections WITH (security_invoker='true') AS
 SELECT id AS connection_id,
    owner_id,
    name,
    venue,
    state,
    status,
    synced_at,
    ( SELECT count(*) AS count
           FROM public.wallets_wallet wallet
          WHERE (wallet.connection_id = connection.id)) AS wallets
   FROM public.wallets_connection connection;


--
-- Name: wallets_platform; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wallets_platform (
    slug character varying(40) NOT NULL,
    name character varying(80) NOT NULL,
    adapter character varying(40) NOT NULL,
    kind character varying(12) NOT NULL,
    is_paper boolean NOT NULL,
    is_active boolean NOT NULL,
    fees jsonb NOT NULL,
    options jsonb NOT NULL,
    base_url character varying(200) NOT NULL,
    is_sandbox boolean NOT NULL,
    capabilities character varying(12)[] NOT NULL
);


--
-- Name: wallet_places; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.wallet_places WITH (security_invoker='true') AS
 SELECT wallet.id AS wallet_id,
    wallet.owner_id,
    wallet.parent_id,
    wallet.name,
    wallet.role,
    wallet.base_asset,
    wallet.target_weight,
    wallet.created_at,
    wallet.connection_id,
    connection.venue,
    connection.platform_id,
    platform.name AS platform
   FROM ((public.wallets_wallet wallet
     JOIN public.wallets_connection connection ON ((connection.id = wallet.connection_id)))
     LEFT JOIN public.wallets_platform platform ON (((platform.slug)::text = (connection.platform_id)::text)));


--
-- Name: wallets_account_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.wallets_account ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.wallets_account_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: wallets_allocationline_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.wallets_allocationline ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.wallets_allocationline_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: wallets_credential; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wallets_credential (
    id bigint NOT NULL,
    field character varying(40) NOT NULL,
    token bytea NOT NULL,
    key_id character varying(16) NOT NULL,
    updated_at timestamp with time zone NOT NULL,
    connection_id uuid NOT NULL,
    owner_id uuid NOT NULL
);

ALTER TABLE ONLY public.wallets_credential FORCE ROW LEVEL SECURITY;


--
-- Name: wallets_credential_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.wallets_credential ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.wallets_credential_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: wallets_credentialfield; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wallets_credentialfield (
    id bigint NOT NULL,
    name character varying(40) NOT NULL,
    label character varying(80) NOT NULL,
    help character varying(200) NOT NULL,
    secret boolean NOT NULL,
    required boolean NOT NULL,
    pattern character varying(200) NOT NULL,
    "position" smallint NOT NULL,
    platform_id character varying(40) NOT NULL,
    CONSTRAINT wallets_credentialfield_position_check CHECK (("position" >= 0))
);


--
-- Name: wallets_credentialfield_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.wallets_credentialfield ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.wallets_credentialfield_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: wallets_demobalance; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wallets_demobalance (
    id bigint NOT NULL,
    asset character varying(20) NOT NULL,
    total numeric(64,18) NOT NULL,
    connection_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    CONSTRAINT demo_balance_not_negative CHECK ((total >= (0)::numeric)),
    CONSTRAINT wallets_demobalance_total_check CHECK ((total <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.wallets_demobalance FORCE ROW LEVEL SECURITY;


--
-- Name: wallets_demobalance_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.wallets_demobalance ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.wallets_demobalance_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: wallets_demofunding; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wallets_demofunding (
    id bigint NOT NULL,
    part character varying(40) NOT NULL,
    symbol character varying(40) NOT NULL,
    at timestamp with time zone NOT NULL,
    price numeric(38,18) NOT NULL,
    rate numeric(64,18) NOT NULL,
    quantity numeric(64,18) NOT NULL,
    amount numeric(64,18) NOT NULL,
    is_booked boolean NOT NULL,
    connection_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    CONSTRAINT wallets_demofunding_amount_check CHECK ((amount <> 'NaN'::numeric)),
    CONSTRAINT wallets_demofunding_price_check CHECK ((price <> 'NaN'::numeric)),
    CONSTRAINT wallets_demofunding_quantity_check CHECK ((quantity <> 'NaN'::numeric)),
    CONSTRAINT wallets_demofunding_rate_check CHECK ((rate <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.wallets_demofunding FORCE ROW LEVEL SECURITY;


--
-- Name: wallets_demofunding_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.wallets_demofunding ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.wallets_demofunding_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: wallets_demoorder; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wallets_demoorder (
    id bigint NOT NULL,
    client_order_id character varying(40) NOT NULL,
    symbol character varying(40) NOT NULL,
    side character varying(4) NOT NULL,
    quantity numeric(38,18) NOT NULL,
    status character varying(16) NOT NULL,
    reason jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    connection_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    expires_at timestamp with time zone,
    price numeric(38,18),
    seen_at timestamp with time zone,
    time_in_force character varying(3) NOT NULL,
    reduce_only boolean DEFAULT false NOT NULL,
    leverage numeric(38,18) DEFAULT 1 NOT NULL,
    part character varying(40) DEFAULT ''::character varying NOT NULL,
    CONSTRAINT demo_order_rests_at_a_limit CHECK (((NOT ((status)::text = ANY (ARRAY[('open'::character varying)::text, ('partially_filled'::character varying)::text]))) OR ((price > (0)::numeric) AND (seen_at IS NOT NULL)))),
    CONSTRAINT wallets_demoorder_leverage_check CHECK ((leverage <> 'NaN'::numeric)),
    CONSTRAINT wallets_demoorder_price_check CHECK ((price <> 'NaN'::numeric)),
    CONSTRAINT wallets_demoorder_quantity_check CHECK ((quantity <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.wallets_demoorder FORCE ROW LEVEL SECURITY;


--
-- Name: wallets_demoorder_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.wallets_demoorder ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.wallets_demoorder_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: wallets_demoposition; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wallets_demoposition (
    id bigint NOT NULL,
    part character varying(40) NOT NULL,
    symbol character varying(40) NOT NULL,
    quantity numeric(64,18) NOT NULL,
    cost numeric(38,18) NOT NULL,
    margin numeric(38,18) NOT NULL,
    funded_at timestamp with time zone NOT NULL,
    connection_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    CONSTRAINT demo_position_is_backed CHECK ((((cost = (0)::numeric) AND (margin = (0)::numeric) AND (quantity = (0)::numeric)) OR ((NOT (quantity = (0)::numeric)) AND (cost > (0)::numeric) AND (margin >= (0)::numeric)))),
    CONSTRAINT wallets_demoposition_cost_check CHECK ((cost <> 'NaN'::numeric)),
    CONSTRAINT wallets_demoposition_margin_check CHECK ((margin <> 'NaN'::numeric)),
    CONSTRAINT wallets_demoposition_quantity_check CHECK ((quantity <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.wallets_demoposition FORCE ROW LEVEL SECURITY;


--
-- Name: wallets_demoposition_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.wallets_demoposition ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.wallets_demoposition_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: wallets_demotrade; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wallets_demotrade (
    id bigint NOT NULL,
    price numeric(38,18) NOT NULL,
    quantity numeric(38,18) NOT NULL,
    fee numeric(38,18) NOT NULL,
    fee_asset character varying(20) NOT NULL,
    liquidity character varying(5) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    order_id bigint NOT NULL,
    owner_id uuid NOT NULL,
    realized numeric(64,18),
    CONSTRAINT wallets_demotrade_fee_check CHECK ((fee <> 'NaN'::numeric)),
    CONSTRAINT wallets_demotrade_price_check CHECK ((price <> 'NaN'::numeric)),
    CONSTRAINT wallets_demotrade_quantity_check CHECK ((quantity <> 'NaN'::numeric)),
    CONSTRAINT wallets_demotrade_realized_check CHECK ((realized <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.wallets_demotrade FORCE ROW LEVEL SECURITY;


--
-- Name: wallets_demotrade_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.wallets_demotrade ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.wallets_demotrade_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: wallets_entry; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.wallets_entry WITH (security_invoker='true') AS
 SELECT (wallets_transfer.id * 2) AS id,
    wallets_transfer.owner_id,
    wallets_transfer.debit_id AS account_id,
    wallets_transfer.debit_version AS version,
    wallets_transfer.id AS transfer_id,
    ((- wallets_transfer.amount))::numeric(38,18) AS amount,
    wallets_transfer.debit_balance AS balance_after,
    wallets_transfer.created_at
   FROM public.wallets_transfer
  WHERE (wallets_transfer.debit_version IS NOT NULL)
UNION ALL
 SELECT ((wallets_transfer.id * 2) + 1) AS id,
    wallets_transfer.owner_id,
    wallets_transfer.credit_id AS account_id,
    wallets_transfer.credit_version AS version,
    wallets_transfer.id AS transfer_id,
    wallets_transfer.amount,
    wallets_transfer.credit_balance AS balance_after,
    wallets_transfer.created_at
   FROM public.wallets_transfer
  WHERE (wallets_transfer.credit_version IS NOT NULL);


--
-- Name: wallets_hold; Type: VIEW; Schema: public; Owner: -
--

CREATE VIEW public.wallets_hold WITH (security_invoker='true') AS
 SELECT id,
    owner_id,
    debit_id AS account_id,
    held_version AS version,
    id AS transfer_id,
    held_change AS amount,
    held_after,
    created_at
   FROM public.wallets_transfer
  WHERE (held_version IS NOT NULL);


--
-- Name: wallets_ledgerproof; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wallets_ledgerproof (
    id bigint NOT NULL,
    checked_at timestamp with time zone NOT NULL,
    entries bigint NOT NULL,
    seconds double precision,
    contradiction text NOT NULL,
    owner_id uuid NOT NULL,
    found jsonb NOT NULL
);

ALTER TABLE ONLY public.wallets_ledgerproof FORCE ROW LEVEL SECURITY;


--
-- Name: wallets_ledgerproof_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.wallets_ledgerproof ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.wallets_ledgerproof_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: wallets_posting_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.wallets_posting ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.wallets_posting_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: wallets_proofrun; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wallets_proofrun (
    id bigint NOT NULL,
    started_at timestamp with time zone NOT NULL,
    told_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    after jsonb NOT NULL,
    found jsonb NOT NULL
);


--
-- Name: wallets_proofrun_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.wallets_proofrun ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.wallets_proofrun_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: wallets_reconciliation; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wallets_reconciliation (
    id bigint NOT NULL,
    asset character varying(200) NOT NULL,
    venue_total numeric(64,18) NOT NULL,
    books_total numeric(64,18) NOT NULL,
    suspense numeric(64,18) NOT NULL,
    drift numeric(64,18) NOT NULL,
    first_diverging_entry_id bigint,
    owner_id uuid NOT NULL,
    run_id uuid NOT NULL,
    unassigned numeric(64,18) NOT NULL,
    CONSTRAINT wallets_reconciliation_books_total_check CHECK ((books_total <> 'NaN'::numeric)),
    CONSTRAINT wallets_reconciliation_drift_check CHECK ((drift <> 'NaN'::numeric)),
    CONSTRAINT wallets_reconciliation_suspense_check CHECK ((suspense <> 'NaN'::numeric)),
    CONSTRAINT wallets_reconciliation_unassigned_check CHECK ((unassigned <> 'NaN'::numeric)),
    CONSTRAINT wallets_reconciliation_venue_total_check CHECK ((venue_total <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.wallets_reconciliation FORCE ROW LEVEL SECURITY;


--
-- Name: wallets_reconciliation_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.wallets_reconciliation ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.wallets_reconciliation_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: wallets_rulerun; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wallets_rulerun (
    id bigint NOT NULL,
    key character varying(100) NOT NULL,
    status character varying(7) NOT NULL,
    reason jsonb NOT NULL,
    created_at timestamp with time zone NOT NULL,
    allocation_id uuid,
    owner_id uuid NOT NULL,
    rule_id uuid NOT NULL
);

ALTER TABLE ONLY public.wallets_rulerun FORCE ROW LEVEL SECURITY;


--
-- Name: wallets_rulerun_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.wallets_rulerun ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.wallets_rulerun_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: wallets_syncrun; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wallets_syncrun (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    status character varying(8) NOT NULL,
    progress smallint NOT NULL,
    step character varying(80) NOT NULL,
    error jsonb NOT NULL,
    finished_at timestamp with time zone,
    connection_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    seen_at timestamp with time zone,
    CONSTRAINT wallets_syncrun_progress_check CHECK ((progress >= 0))
)
WITH (fillfactor='80');

ALTER TABLE ONLY public.wallets_syncrun FORCE ROW LEVEL SECURITY;


--
-- Name: wallets_syncturn; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wallets_syncturn (
    id bigint NOT NULL,
    wanted_at timestamp with time zone,
    claimed_until timestamp with time zone,
    claim uuid,
    seen character varying(64) NOT NULL,
    books bigint NOT NULL,
    asked_id uuid,
    connection_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    run_id uuid
)
WITH (fillfactor='50');

ALTER TABLE ONLY public.wallets_syncturn FORCE ROW LEVEL SECURITY;


--
-- Name: wallets_syncturn_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.wallets_syncturn ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.wallets_syncturn_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: wallets_transfer_number; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.wallets_transfer_number
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: wallets_transfer_number; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.wallets_transfer_number OWNED BY public.wallets_transfer.id;


--
-- Name: wallets_venueincome; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wallets_venueincome (
    id bigint NOT NULL,
    venue_id character varying(128) NOT NULL,
    symbol character varying(40) NOT NULL,
    asset character varying(20) NOT NULL,
    realized numeric(64,18) NOT NULL,
    funding numeric(64,18) NOT NULL,
    fee numeric(64,18) NOT NULL,
    at timestamp with time zone NOT NULL,
    status character varying(7) NOT NULL,
    connection_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    posting_id bigint,
    wallet_id uuid,
    CONSTRAINT wallets_venueincome_fee_check CHECK ((fee <> 'NaN'::numeric)),
    CONSTRAINT wallets_venueincome_funding_check CHECK ((funding <> 'NaN'::numeric)),
    CONSTRAINT wallets_venueincome_realized_check CHECK ((realized <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.wallets_venueincome FORCE ROW LEVEL SECURITY;


--
-- Name: wallets_venueincome_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.wallets_venueincome ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.wallets_venueincome_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: wallets_venuemovement; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wallets_venuemovement (
    id bigint NOT NULL,
    kind character varying(10) NOT NULL,
    venue_id character varying(128) NOT NULL,
    asset character varying(20) NOT NULL,
    amount numeric(38,18) NOT NULL,
    at timestamp with time zone NOT NULL,
    status character varying(7) NOT NULL,
    connection_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    posting_id bigint,
    wallet_id uuid,
    CONSTRAINT venue_movement_is_a_number CHECK (((amount > (0)::numeric) AND (amount < '100000000000000000000'::numeric))),
    CONSTRAINT wallets_venuemovement_amount_check CHECK ((amount <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.wallets_venuemovement FORCE ROW LEVEL SECURITY;


--
-- Name: wallets_venuemovement_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.wallets_venuemovement ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.wallets_venuemovement_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: wallets_venueposition; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wallets_venueposition (
    id bigint NOT NULL,
    symbol character varying(40) NOT NULL,
    side character varying(5) NOT NULL,
    quantity numeric(38,18) NOT NULL,
    contract_size numeric(38,18) NOT NULL,
    entry_price numeric(38,18) NOT NULL,
    mark_price numeric(38,18),
    unrealized_pnl numeric(38,18) NOT NULL,
    settle character varying(20) NOT NULL,
    leverage numeric(38,18),
    margin_mode character varying(8) NOT NULL,
    liquidation_price numeric(38,18),
    is_inverse boolean NOT NULL,
    at timestamp with time zone NOT NULL,
    connection_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    base character varying(20) NOT NULL,
    wallet_id uuid,
    CONSTRAINT venue_position_is_a_number CHECK (((quantity > (0)::numeric) AND (quantity < '100000000000000000000'::numeric) AND (unrealized_pnl < '100000000000000000000'::numeric))),
    CONSTRAINT wallets_venueposition_contract_size_check CHECK ((contract_size <> 'NaN'::numeric)),
    CONSTRAINT wallets_venueposition_entry_price_check CHECK ((entry_price <> 'NaN'::numeric)),
    CONSTRAINT wallets_venueposition_leverage_check CHECK ((leverage <> 'NaN'::numeric)),
    CONSTRAINT wallets_venueposition_liquidation_price_check CHECK ((liquidation_price <> 'NaN'::numeric)),
    CONSTRAINT wallets_venueposition_mark_price_check CHECK ((mark_price <> 'NaN'::numeric)),
    CONSTRAINT wallets_venueposition_quantity_check CHECK ((quantity <> 'NaN'::numeric)),
    CONSTRAINT wallets_venueposition_unrealized_pnl_check CHECK ((unrealized_pnl <> 'NaN'::numeric))
);

ALTER TABLE ONLY public.wallets_venueposition FORCE ROW LEVEL SECURITY;


--
-- Name: wallets_venueposition_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.wallets_venueposition ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME public.wallets_venueposition_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);


--
-- Name: wallets_walletrule; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.wallets_walletrule (
    id uuid NOT NULL,
    created_at timestamp with time zone NOT NULL,
    kind character varying(10) NOT NULL,
    every character varying(7) NOT NULL,
    is_on boolean NOT NULL,
    on_since timestamp with time zone NOT NULL,
    looked_at timestamp with time zone,
    owner_id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    CONSTRAINT wallet_rule_sweeps_have_a_rhythm CHECK (((((kind)::text = 'sweep'::text) AND (NOT ((every)::text = ''::text))) OR ((NOT ((kind)::text = 'sweep'::text)) AND ((every)::text = ''::text))))
);

ALTER TABLE ONLY public.wallets_walletrule FORCE ROW LEVEL SECURITY;


--
-- Name: audit_auditentry_rest; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_auditentry ATTACH PARTITION public.audit_auditentry_rest DEFAULT;


--
-- Name: audit_call_rest; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_call ATTACH PARTITION public.audit_call_rest DEFAULT;


--
-- Name: farms_agentrun_rest; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_agentrun ATTACH PARTITION public.farms_agentrun_rest DEFAULT;


--
-- Name: trading_orderevent_rest; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_orderevent ATTACH PARTITION public.trading_orderevent_rest DEFAULT;


--
-- Name: trading_riskdecision_rest; Type: TABLE ATTACH; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_riskdecision ATTACH PARTITION public.trading_riskdecision_rest DEFAULT;


--
-- Data for Name: alerts_alert; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: alerts_channel; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: alerts_delivery; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: alerts_mute; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: alerts_platformalert; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: alerts_taskfailure; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: approvals_approval; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: audit_auditentry_rest; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: audit_call_rest; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: auth_group; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: auth_group_permissions; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: auth_permission; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.auth_permission VALUES
	(1, 'Can add log entry', 1, 'add_logentry'),
	(2, 'Can change log entry', 1, 'change_logentry'),
	(3, 'Can delete log entry', 1, 'delete_logentry'),
	(4, 'Can view log entry', 1, 'view_logentry'),
	(5, 'Can add permission', 2, 'add_permission'),
	(6, 'Can change permission', 2, 'change_permission'),
	(7, 'Can delete permission', 2, 'delete_permission'),
	(8, 'Can view permission', 2, 'view_permission'),
	(9, 'Can add group', 3, 'add_group'),
	(10, 'Can change group', 3, 'change_group'),
	(11, 'Can delete group', 3, 'delete_group'),
	(12, 'Can view group', 3, 'view_group'),
	(13, 'Can add content type', 4, 'add_contenttype'),
	(14, 'Can change content type', 4, 'change_contenttype'),
	(15, 'Can delete content type', 4, 'delete_contenttype'),
	(16, 'Can view content type', 4, 'view_contenttype'),
	(17, 'Can add session', 5, 'add_session'),
	(18, 'Can change session', 5, 'change_session'),
	(19, 'Can delete session', 5, 'delete_session'),
	(20, 'Can view session', 5, 'view_session'),
	(21, 'Can add access attempt', 6, 'add_accessattempt'),
	(22, 'Can change access attempt', 6, 'change_accessattempt'),
	(23, 'Can delete access attempt', 6, 'delete_accessattempt'),
	(24, 'Can view access attempt', 6, 'view_accessattempt'),
	(25, 'Can add access log', 7, 'add_accesslog'),
	(26, 'Can change access log', 7, 'change_accesslog'),
	(27, 'Can delete access log', 7, 'delete_accesslog'),
	(28, 'Can view access log', 7, 'view_accesslog'),
	(29, 'Can add access failure', 8, 'add_accessfailurelog'),
	(30, 'Can change access failure', 8, 'change_accessfailurelog'),
	(31, 'Can delete access failure', 8, 'delete_accessfailurelog'),
	(32, 'Can view access failure', 8, 'view_accessfailurelog'),
	(33, 'Can add access attempt expiration', 9, 'add_accessattemptexpiration'),
	(34, 'Can change access attempt expiration', 9, 'change_accessattemptexpiration'),
	(35, 'Can delete access attempt expiration', 9, 'delete_accessattemptexpiration'),
	(36, 'Can view access attempt expiration', 9, 'view_accessattemptexpiration'),
	(37, 'Can add user', 10, 'add_user'),
	(38, 'Can change user', 10, 'change_user'),
	(39, 'Can delete user', 10, 'delete_user'),
	(40, 'Can view user', 10, 'view_user'),
	(41, 'Can add token', 11, 'add_token'),
	(42, 'Can change token', 11, 'change_token'),
	(43, 'Can delete token', 11, 'delete_token'),
	(44, 'Can view token', 11, 'view_token'),
	(45, 'Can add recovery code', 12, 'add_recoverycode'),
	(46, 'Can change recovery code', 12, 'change_recoverycode'),
	(47, 'Can delete recovery code', 12, 'delete_recoverycode'),
	(48, 'Can view recovery code', 12, 'view_recoverycode'),
	(49, 'Can add second factor', 13, 'add_secondfactor'),
	(50, 'Can change second factor', 13, 'change_secondfactor'),
	(51, 'Can delete second factor', 13, 'delete_secondfactor'),
	(52, 'Can view second factor', 13, 'view_secondfactor'),
	(53, 'Can add audit entry', 14, 'add_auditentry'),
	(54, 'Can change audit entry', 14, 'change_auditentry'),
	(55, 'Can delete audit entry', 14, 'delete_auditentry'),
	(56, 'Can view audit entry', 14, 'view_auditentry'),
	(57, 'Can add call', 15, 'add_call'),
	(58, 'Can change call', 15, 'change_call'),
	(59, 'Can delete call', 15, 'delete_call'),
	(60, 'Can view call', 15, 'view_call'),
	(61, 'Can add alert', 16, 'add_alert'),
	(62, 'Can change alert', 16, 'change_alert'),
	(63, 'Can delete alert', 16, 'delete_alert'),
	(64, 'Can view alert', 16, 'view_alert'),
	(65, 'Can add task failure', 17, 'add_taskfailure'),
	(66, 'Can change task failure', 17, 'change_taskfailure'),
	(67, 'Can delete task failure', 17, 'delete_taskfailure'),
	(68, 'Can view task failure', 17, 'view_taskfailure'),
	(69, 'Can add mute', 18, 'add_mute'),
	(70, 'Can change mute', 18, 'change_mute'),
	(71, 'Can delete mute', 18, 'delete_mute'),
	(72, 'Can view mute', 18, 'view_mute'),
	(73, 'Can add platform alert', 19, 'add_platformalert'),
	(74, 'Can change platform alert', 19, 'change_platformalert'),
	(75, 'Can delete platform alert', 19, 'delete_platformalert'),
	(76, 'Can view platform alert', 19, 'view_platformalert'),
	(77, 'Can add channel', 20, 'add_channel'),
	(78, 'Can change channel', 20, 'change_channel'),
	(79, 'Can delete channel', 20, 'delete_channel'),
	(80, 'Can view channel', 20, 'view_channel'),
	(81, 'Can add delivery', 21, 'add_delivery'),
	(82, 'Can change delivery', 21, 'change_delivery'),
	(83, 'Can delete delivery', 21, 'delete_delivery'),
	(84, 'Can view delivery', 21, 'view_delivery'),
	(85, 'Can add approval', 22, 'add_approval'),
	(86, 'Can change approval', 22, 'change_approval'),
	(87, 'Can delete approval', 22, 'delete_approval'),
	(88, 'Can view approval', 22, 'view_approval'),
	(89, 'Can add feed state', 23, 'add_feedstate'),
	(90, 'Can change feed state', 23, 'change_feedstate'),
	(91, 'Can delete feed state', 23, 'delete_feedstate'),
	(92, 'Can view feed state', 23, 'view_feedstate'),
	(93, 'Can add instrument', 24, 'add_instrument'),
	(94, 'Can change instrument', 24, 'change_instrument'),
	(95, 'Can delete instrument', 24, 'delete_instrument'),
	(96, 'Can view instrument', 24, 'view_instrument'),
	(97, 'Can add ticker', 25, 'add_ticker'),
	(98, 'Can change ticker', 25, 'change_ticker'),
	(99, 'Can delete ticker', 25, 'delete_ticker'),
	(100, 'Can view ticker', 25, 'view_ticker'),
	(101, 'Can add candle', 26, 'add_candle'),
	(102, 'Can change candle', 26, 'change_candle'),
	(103, 'Can delete candle', 26, 'delete_candle'),
	(104, 'Can view candle', 26, 'view_candle'),
	(105, 'Can add kept series', 27, 'add_keptseries'),
	(106, 'Can change kept series', 27, 'change_keptseries'),
	(107, 'Can delete kept series', 27, 'delete_keptseries'),
	(108, 'Can view kept series', 27, 'view_keptseries'),
	(109, 'Can add entry', 28, 'add_entry'),
	(110, 'Can change entry', 28, 'change_entry'),
	(111, 'Can delete entry', 28, 'delete_entry'),
	(112, 'Can view entry', 28, 'view_entry'),
	(113, 'Can add hold', 29, 'add_hold'),
	(114, 'Can change hold', 29, 'change_hold'),
	(115, 'Can delete hold', 29, 'delete_hold'),
	(116, 'Can view hold', 29, 'view_hold'),
	(117, 'Can add platform', 30, 'add_platform'),
	(118, 'Can change platform', 30, 'change_platform'),
	(119, 'Can delete platform', 30, 'delete_platform'),
	(120, 'Can view platform', 30, 'view_platform'),
	(121, 'Can add account', 31, 'add_account'),
	(122, 'Can change account', 31, 'change_account'),
	(123, 'Can delete account', 31, 'delete_account'),
	(124, 'Can view account', 31, 'view_account'),
	(125, 'Can add connection', 32, 'add_connection'),
	(126, 'Can change connection', 32, 'change_connection'),
	(127, 'Can delete connection', 32, 'delete_connection'),
	(128, 'Can view connection', 32, 'view_connection'),
	(129, 'Can add demo order', 33, 'add_demoorder'),
	(130, 'Can change demo order', 33, 'change_demoorder'),
	(131, 'Can delete demo order', 33, 'delete_demoorder'),
	(132, 'Can view demo order', 33, 'view_demoorder'),
	(133, 'Can add demo trade', 34, 'add_demotrade'),
	(134, 'Can change demo trade', 34, 'change_demotrade'),
	(135, 'Can delete demo trade', 34, 'delete_demotrade'),
	(136, 'Can view demo trade', 34, 'view_demotrade'),
	(137, 'Can add posting', 35, 'add_posting'),
	(138, 'Can change posting', 35, 'change_posting'),
	(139, 'Can delete posting', 35, 'delete_posting'),
	(140, 'Can view posting', 35, 'view_posting'),
	(141, 'Can add sync run', 36, 'add_syncrun'),
	(142, 'Can change sync run', 36, 'change_syncrun'),
	(143, 'Can delete sync run', 36, 'delete_syncrun'),
	(144, 'Can view sync run', 36, 'view_syncrun'),
	(145, 'Can add reconciliation', 37, 'add_reconciliation'),
	(146, 'Can change reconciliation', 37, 'change_reconciliation'),
	(147, 'Can delete reconciliation', 37, 'delete_reconciliation'),
	(148, 'Can view reconciliation', 37, 'view_reconciliation'),
	(149, 'Can add transfer', 38, 'add_transfer'),
	(150, 'Can change transfer', 38, 'change_transfer'),
	(151, 'Can delete transfer', 38, 'delete_transfer'),
	(152, 'Can view transfer', 38, 'view_transfer'),
	(153, 'Can add wallet', 39, 'add_wallet'),
	(154, 'Can change wallet', 39, 'change_wallet'),
	(155, 'Can delete wallet', 39, 'delete_wallet'),
	(156, 'Can view wallet', 39, 'view_wallet'),
	(157, 'Can add fund allocation', 40, 'add_fundallocation'),
	(158, 'Can change fund allocation', 40, 'change_fundallocation'),
	(159, 'Can delete fund allocation', 40, 'delete_fundallocation'),
	(160, 'Can view fund allocation', 40, 'view_fundallocation'),
	(161, 'Can add credential', 41, 'add_credential'),
	(162, 'Can change credential', 41, 'change_credential'),
	(163, 'Can delete credential', 41, 'delete_credential'),
	(164, 'Can view credential', 41, 'view_credential'),
	(165, 'Can add demo balance', 42, 'add_demobalance'),
	(166, 'Can change demo balance', 42, 'change_demobalance'),
	(167, 'Can delete demo balance', 42, 'delete_demobalance'),
	(168, 'Can view demo balance', 42, 'view_demobalance'),
	(169, 'Can add credential field', 43, 'add_credentialfield'),
	(170, 'Can change credential field', 43, 'change_credentialfield'),
	(171, 'Can delete credential field', 43, 'delete_credentialfield'),
	(172, 'Can view credential field', 43, 'view_credentialfield'),
	(173, 'Can add allocation line', 44, 'add_allocationline'),
	(174, 'Can change allocation line', 44, 'change_allocationline'),
	(175, 'Can delete allocation line', 44, 'delete_allocationline'),
	(176, 'Can view allocation line', 44, 'view_allocationline'),
	(177, 'Can add rule run', 45, 'add_rulerun'),
	(178, 'Can change rule run', 45, 'change_rulerun'),
	(179, 'Can delete rule run', 45, 'delete_rulerun'),
	(180, 'Can view rule run', 45, 'view_rulerun'),
	(181, 'Can add wallet rule', 46, 'add_walletrule'),
	(182, 'Can change wallet rule', 46, 'change_walletrule'),
	(183, 'Can delete wallet rule', 46, 'delete_walletrule'),
	(184, 'Can view wallet rule', 46, 'view_walletrule'),
	(185, 'Can add venue position', 47, 'add_venueposition'),
	(186, 'Can change venue position', 47, 'change_venueposition'),
	(187, 'Can delete venue position', 47, 'delete_venueposition'),
	(188, 'Can view venue position', 47, 'view_venueposition'),
	(189, 'Can add ledger proof', 48, 'add_ledgerproof'),
	(190, 'Can change ledger proof', 48, 'change_ledgerproof'),
	(191, 'Can delete ledger proof', 48, 'delete_ledgerproof'),
	(192, 'Can view ledger proof', 48, 'view_ledgerproof'),
	(193, 'Can add venue movement', 49, 'add_venuemovement'),
	(194, 'Can change venue movement', 49, 'change_venuemovement'),
	(195, 'Can delete venue movement', 49, 'delete_venuemovement'),
	(196, 'Can view venue movement', 49, 'view_venuemovement'),
	(197, 'Can add sync turn', 50, 'add_syncturn'),
	(198, 'Can change sync turn', 50, 'change_syncturn'),
	(199, 'Can delete sync turn', 50, 'delete_syncturn'),
	(200, 'Can view sync turn', 50, 'view_syncturn'),
	(201, 'Can add venue income', 51, 'add_venueincome'),
	(202, 'Can change venue income', 51, 'change_venueincome'),
	(203, 'Can delete venue income', 51, 'delete_venueincome'),
	(204, 'Can view venue income', 51, 'view_venueincome'),
	(205, 'Can add proof run', 52, 'add_proofrun'),
	(206, 'Can change proof run', 52, 'change_proofrun'),
	(207, 'Can delete proof run', 52, 'delete_proofrun'),
	(208, 'Can view proof run', 52, 'view_proofrun'),
	(209, 'Can add demo position', 53, 'add_demoposition'),
	(210, 'Can change demo position', 53, 'change_demoposition'),
	(211, 'Can delete demo position', 53, 'delete_demoposition'),
	(212, 'Can view demo position', 53, 'view_demoposition'),
	(213, 'Can add demo funding', 54, 'add_demofunding'),
	(214, 'Can change demo funding', 54, 'change_demofunding'),
	(215, 'Can delete demo funding', 54, 'delete_demofunding'),
	(216, 'Can view demo funding', 54, 'view_demofunding'),
	(217, 'Can add order', 55, 'add_order'),
	(218, 'Can change order', 55, 'change_order'),
	(219, 'Can delete order', 55, 'delete_order'),
	(220, 'Can view order', 55, 'view_order'),
	(221, 'Can add order event', 56, 'add_orderevent'),
	(222, 'Can change order event', 56, 'change_orderevent'),
	(223, 'Can delete order event', 56, 'delete_orderevent'),
	(224, 'Can view order event', 56, 'view_orderevent'),
	(225, 'Can add position', 57, 'add_position'),
	(226, 'Can change position', 57, 'change_position'),
	(227, 'Can delete position', 57, 'delete_position'),
	(228, 'Can view position', 57, 'view_position'),
	(229, 'Can add risk decision', 58, 'add_riskdecision'),
	(230, 'Can change risk decision', 58, 'change_riskdecision'),
	(231, 'Can delete risk decision', 58, 'delete_riskdecision'),
	(232, 'Can view risk decision', 58, 'view_riskdecision'),
	(233, 'Can add risk limit', 59, 'add_risklimit'),
	(234, 'Can change risk limit', 59, 'change_risklimit'),
	(235, 'Can delete risk limit', 59, 'delete_risklimit'),
	(236, 'Can view risk limit', 59, 'view_risklimit'),
	(237, 'Can add fill', 60, 'add_fill'),
	(238, 'Can change fill', 60, 'change_fill'),
	(239, 'Can delete fill', 60, 'delete_fill'),
	(240, 'Can view fill', 60, 'view_fill'),
	(241, 'Can add cancellation', 61, 'add_cancellation'),
	(242, 'Can change cancellation', 61, 'change_cancellation'),
	(243, 'Can delete cancellation', 61, 'delete_cancellation'),
	(244, 'Can view cancellation', 61, 'view_cancellation'),
	(245, 'Can add trade day', 62, 'add_tradeday'),
	(246, 'Can change trade day', 62, 'change_tradeday'),
	(247, 'Can delete trade day', 62, 'delete_tradeday'),
	(248, 'Can view trade day', 62, 'view_tradeday'),
	(249, 'Can add trade total', 63, 'add_tradetotal'),
	(250, 'Can change trade total', 63, 'change_tradetotal'),
	(251, 'Can delete trade total', 63, 'delete_tradetotal'),
	(252, 'Can view trade total', 63, 'view_tradetotal'),
	(253, 'Can add emergency stop', 64, 'add_emergencystop'),
	(254, 'Can change emergency stop', 64, 'change_emergencystop'),
	(255, 'Can delete emergency stop', 64, 'delete_emergencystop'),
	(256, 'Can view emergency stop', 64, 'view_emergencystop'),
	(257, 'Can add ai state', 65, 'add_aistate'),
	(258, 'Can change ai state', 65, 'change_aistate'),
	(259, 'Can delete ai state', 65, 'delete_aistate'),
	(260, 'Can view ai state', 65, 'view_aistate'),
	(261, 'Can add amendment', 66, 'add_amendment'),
	(262, 'Can change amendment', 66, 'change_amendment'),
	(263, 'Can delete amendment', 66, 'delete_amendment'),
	(264, 'Can view amendment', 66, 'view_amendment'),
	(265, 'Can add platform limit', 67, 'add_platformlimit'),
	(266, 'Can change platform limit', 67, 'change_platformlimit'),
	(267, 'Can delete platform limit', 67, 'delete_platformlimit'),
	(268, 'Can view platform limit', 67, 'view_platformlimit'),
	(269, 'Can add entry lock', 68, 'add_entrylock'),
	(270, 'Can change entry lock', 68, 'change_entrylock'),
	(271, 'Can delete entry lock', 68, 'delete_entrylock'),
	(272, 'Can view entry lock', 68, 'view_entrylock'),
	(273, 'Can add held total', 69, 'add_heldtotal'),
	(274, 'Can change held total', 69, 'change_heldtotal'),
	(275, 'Can delete held total', 69, 'delete_heldtotal'),
	(276, 'Can view held total', 69, 'view_heldtotal'),
	(277, 'Can add mass cancellation', 70, 'add_masscancellation'),
	(278, 'Can change mass cancellation', 70, 'change_masscancellation'),
	(279, 'Can delete mass cancellation', 70, 'delete_masscancellation'),
	(280, 'Can view mass cancellation', 70, 'view_masscancellation'),
	(281, 'Can add trade slice', 71, 'add_tradeslice'),
	(282, 'Can change trade slice', 71, 'change_tradeslice'),
	(283, 'Can delete trade slice', 71, 'delete_tradeslice'),
	(284, 'Can view trade slice', 71, 'view_tradeslice'),
	(285, 'Can add agent', 72, 'add_agent'),
	(286, 'Can change agent', 72, 'change_agent'),
	(287, 'Can delete agent', 72, 'delete_agent'),
	(288, 'Can view agent', 72, 'view_agent'),
	(289, 'Can add farm', 73, 'add_farm'),
	(290, 'Can change farm', 73, 'change_farm'),
	(291, 'Can delete farm', 73, 'delete_farm'),
	(292, 'Can view farm', 73, 'view_farm'),
	(293, 'Can add agent farm assignment', 74, 'add_agentfarmassignment'),
	(294, 'Can change agent farm assignment', 74, 'change_agentfarmassignment'),
	(295, 'Can delete agent farm assignment', 74, 'delete_agentfarmassignment'),
	(296, 'Can view agent farm assignment', 74, 'view_agentfarmassignment'),
	(297, 'Can add farm event', 75, 'add_farmevent'),
	(298, 'Can change farm event', 75, 'change_farmevent'),
	(299, 'Can delete farm event', 75, 'delete_farmevent'),
	(300, 'Can view farm event', 75, 'view_farmevent'),
	(301, 'Can add agent run', 76, 'add_agentrun'),
	(302, 'Can change agent run', 76, 'change_agentrun'),
	(303, 'Can delete agent run', 76, 'delete_agentrun'),
	(304, 'Can view agent run', 76, 'view_agentrun'),
	(305, 'Can add backtest', 77, 'add_backtest'),
	(306, 'Can change backtest', 77, 'change_backtest'),
	(307, 'Can delete backtest', 77, 'delete_backtest'),
	(308, 'Can view backtest', 77, 'view_backtest'),
	(309, 'Can add verdict', 78, 'add_verdict'),
	(310, 'Can change verdict', 78, 'change_verdict'),
	(311, 'Can delete verdict', 78, 'delete_verdict'),
	(312, 'Can view verdict', 78, 'view_verdict'),
	(313, 'Can add backtest result', 79, 'add_backtestresult'),
	(314, 'Can change backtest result', 79, 'change_backtestresult'),
	(315, 'Can delete backtest result', 79, 'delete_backtestresult'),
	(316, 'Can view backtest result', 79, 'view_backtestresult'),
	(317, 'Can add saved strategy', 80, 'add_savedstrategy'),
	(318, 'Can change saved strategy', 80, 'change_savedstrategy'),
	(319, 'Can delete saved strategy', 80, 'delete_savedstrategy'),
	(320, 'Can view saved strategy', 80, 'view_savedstrategy'),
	(321, 'Can add strategy version', 81, 'add_strategyversion'),
	(322, 'Can change strategy version', 81, 'change_strategyversion'),
	(323, 'Can delete strategy version', 81, 'delete_strategyversion'),
	(324, 'Can view strategy version', 81, 'view_strategyversion'),
	(325, 'Can add sweep', 82, 'add_sweep'),
	(326, 'Can change sweep', 82, 'change_sweep'),
	(327, 'Can delete sweep', 82, 'delete_sweep'),
	(328, 'Can view sweep', 82, 'view_sweep'),
	(329, 'Can add sweep block', 83, 'add_sweepblock'),
	(330, 'Can change sweep block', 83, 'change_sweepblock'),
	(331, 'Can delete sweep block', 83, 'delete_sweepblock'),
	(332, 'Can view sweep block', 83, 'view_sweepblock'),
	(333, 'Can add sweep result', 84, 'add_sweepresult'),
	(334, 'Can change sweep result', 84, 'change_sweepresult'),
	(335, 'Can delete sweep result', 84, 'delete_sweepresult'),
	(336, 'Can view sweep result', 84, 'view_sweepresult'),
	(337, 'Can add download', 85, 'add_download'),
	(338, 'Can change download', 85, 'change_download'),
	(339, 'Can delete download', 85, 'delete_download'),
	(340, 'Can view download', 85, 'view_download'),
	(341, 'Can add promotion', 86, 'add_promotion'),
	(342, 'Can change promotion', 86, 'change_promotion'),
	(343, 'Can delete promotion', 86, 'delete_promotion'),
	(344, 'Can view promotion', 86, 'view_promotion'),
	(345, 'Can add advice endpoint', 87, 'add_adviceendpoint'),
	(346, 'Can change advice endpoint', 87, 'change_adviceendpoint'),
	(347, 'Can delete advice endpoint', 87, 'delete_adviceendpoint'),
	(348, 'Can view advice endpoint', 87, 'view_adviceendpoint'),
	(349, 'Can add advice call', 88, 'add_advicecall'),
	(350, 'Can change advice call', 88, 'change_advicecall'),
	(351, 'Can delete advice call', 88, 'delete_advicecall'),
	(352, 'Can view advice call', 88, 'view_advicecall'),
	(353, 'Can add advice level', 89, 'add_advicelevel'),
	(354, 'Can change advice level', 89, 'change_advicelevel'),
	(355, 'Can delete advice level', 89, 'delete_advicelevel'),
	(356, 'Can view advice level', 89, 'view_advicelevel'),
	(357, 'Can add advice proposal', 90, 'add_adviceproposal'),
	(358, 'Can change advice proposal', 90, 'change_adviceproposal'),
	(359, 'Can delete advice proposal', 90, 'delete_adviceproposal'),
	(360, 'Can view advice proposal', 90, 'view_adviceproposal'),
	(361, 'Can add advice setting', 91, 'add_advicesetting'),
	(362, 'Can change advice setting', 91, 'change_advicesetting'),
	(363, 'Can delete advice setting', 91, 'delete_advicesetting'),
	(364, 'Can view advice setting', 91, 'view_advicesetting'),
	(365, 'Can add advice watch', 92, 'add_advicewatch'),
	(366, 'Can change advice watch', 92, 'change_advicewatch'),
	(367, 'Can delete advice watch', 92, 'delete_advicewatch'),
	(368, 'Can view advice watch', 92, 'view_advicewatch'),
	(369, 'Can add goal', 93, 'add_goal'),
	(370, 'Can change goal', 93, 'change_goal'),
	(371, 'Can delete goal', 93, 'delete_goal'),
	(372, 'Can view goal', 93, 'view_goal'),
	(373, 'Can add goal action', 94, 'add_goalaction'),
	(374, 'Can change goal action', 94, 'change_goalaction'),
	(375, 'Can delete goal action', 94, 'delete_goalaction'),
	(376, 'Can view goal action', 94, 'view_goalaction'),
	(377, 'Can add goal assignment', 95, 'add_goalassignment'),
	(378, 'Can change goal assignment', 95, 'change_goalassignment'),
	(379, 'Can delete goal assignment', 95, 'delete_goalassignment'),
	(380, 'Can view goal assignment', 95, 'view_goalassignment'),
	(381, 'Can add goal cursor', 96, 'add_goalcursor'),
	(382, 'Can change goal cursor', 96, 'change_goalcursor'),
	(383, 'Can delete goal cursor', 96, 'delete_goalcursor'),
	(384, 'Can view goal cursor', 96, 'view_goalcursor'),
	(385, 'Can add goal event', 97, 'add_goalevent'),
	(386, 'Can change goal event', 97, 'change_goalevent'),
	(387, 'Can delete goal event', 97, 'delete_goalevent'),
	(388, 'Can view goal event', 97, 'view_goalevent'),
	(389, 'Can add goal move', 98, 'add_goalmove'),
	(390, 'Can change goal move', 98, 'change_goalmove'),
	(391, 'Can delete goal move', 98, 'delete_goalmove'),
	(392, 'Can view goal move', 98, 'view_goalmove'),
	(393, 'Can add goal progress', 99, 'add_goalprogress'),
	(394, 'Can change goal progress', 99, 'change_goalprogress'),
	(395, 'Can delete goal progress', 99, 'delete_goalprogress'),
	(396, 'Can view goal progress', 99, 'view_goalprogress'),
	(397, 'Can add goal total', 100, 'add_goaltotal'),
	(398, 'Can change goal total', 100, 'change_goaltotal'),
	(399, 'Can delete goal total', 100, 'delete_goaltotal'),
	(400, 'Can view goal total', 100, 'view_goaltotal'),
	(401, 'Can add flow mark', 101, 'add_flowmark'),
	(402, 'Can change flow mark', 101, 'change_flowmark'),
	(403, 'Can delete flow mark', 101, 'delete_flowmark'),
	(404, 'Can view flow mark', 101, 'view_flowmark'),
	(405, 'Can add portfolio state', 102, 'add_portfoliostate'),
	(406, 'Can change portfolio state', 102, 'change_portfoliostate'),
	(407, 'Can delete portfolio state', 102, 'delete_portfoliostate'),
	(408, 'Can view portfolio state', 102, 'view_portfoliostate'),
	(409, 'Can add snapshot', 103, 'add_snapshot'),
	(410, 'Can change snapshot', 103, 'change_snapshot'),
	(411, 'Can delete snapshot', 103, 'delete_snapshot'),
	(412, 'Can view snapshot', 103, 'view_snapshot'),
	(413, 'Can add allocation plan', 104, 'add_allocationplan'),
	(414, 'Can change allocation plan', 104, 'change_allocationplan'),
	(415, 'Can delete allocation plan', 104, 'delete_allocationplan'),
	(416, 'Can view allocation plan', 104, 'view_allocationplan'),
	(417, 'Can add exposure limit', 105, 'add_exposurelimit'),
	(418, 'Can change exposure limit', 105, 'change_exposurelimit'),
	(419, 'Can delete exposure limit', 105, 'delete_exposurelimit'),
	(420, 'Can view exposure limit', 105, 'view_exposurelimit'),
	(421, 'Can add exposure level', 106, 'add_exposurelevel'),
	(422, 'Can change exposure level', 106, 'change_exposurelevel'),
	(423, 'Can delete exposure level', 106, 'delete_exposurelevel'),
	(424, 'Can view exposure level', 106, 'view_exposurelevel'),
	(425, 'Can add hourly performance', 107, 'add_hourlyperformance'),
	(426, 'Can change hourly performance', 107, 'change_hourlyperformance'),
	(427, 'Can delete hourly performance', 107, 'delete_hourlyperformance'),
	(428, 'Can view hourly performance', 107, 'view_hourlyperformance'),
	(429, 'Can add daily performance', 108, 'add_dailyperformance'),
	(430, 'Can change daily performance', 108, 'change_dailyperformance'),
	(431, 'Can delete daily performance', 108, 'delete_dailyperformance'),
	(432, 'Can view daily performance', 108, 'view_dailyperformance'),
	(433, 'Can add correction', 109, 'add_correction'),
	(434, 'Can change correction', 109, 'change_correction'),
	(435, 'Can delete correction', 109, 'delete_correction'),
	(436, 'Can view correction', 109, 'view_correction'),
	(437, 'Can add rebalance rule', 110, 'add_rebalancerule'),
	(438, 'Can change rebalance rule', 110, 'change_rebalancerule'),
	(439, 'Can delete rebalance rule', 110, 'delete_rebalancerule'),
	(440, 'Can view rebalance rule', 110, 'view_rebalancerule'),
	(441, 'Can add rebalance run', 111, 'add_rebalancerun'),
	(442, 'Can change rebalance run', 111, 'change_rebalancerun'),
	(443, 'Can delete rebalance run', 111, 'delete_rebalancerun'),
	(444, 'Can view rebalance run', 111, 'view_rebalancerun'),
	(445, 'Can add stay', 112, 'add_stay'),
	(446, 'Can change stay', 112, 'change_stay'),
	(447, 'Can delete stay', 112, 'delete_stay'),
	(448, 'Can view stay', 112, 'view_stay');


--
-- Data for Name: axes_accessattempt; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: axes_accessattemptexpiration; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: axes_accessfailurelog; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: axes_accesslog; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: django_admin_log; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: django_content_type; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.django_content_type VALUES
	(1, 'admin', 'logentry'),
	(2, 'auth', 'permission'),
	(3, 'auth', 'group'),
	(4, 'contenttypes', 'contenttype'),
	(5, 'sessions', 'session'),
	(6, 'axes', 'accessattempt'),
	(7, 'axes', 'accesslog'),
	(8, 'axes', 'accessfailurelog'),
	(9, 'axes', 'accessattemptexpiration'),
	(10, 'users', 'user'),
	(11, 'users', 'token'),
	(12, 'users', 'recoverycode'),
	(13, 'users', 'secondfactor'),
	(14, 'audit', 'auditentry'),
	(15, 'audit', 'call'),
	(16, 'alerts', 'alert'),
	(17, 'alerts', 'taskfailure'),
	(18, 'alerts', 'mute'),
	(19, 'alerts', 'platformalert'),
	(20, 'alerts', 'channel'),
	(21, 'alerts', 'delivery'),
	(22, 'approvals', 'approval'),
	(23, 'markets', 'feedstate'),
	(24, 'markets', 'instrument'),
	(25, 'markets', 'ticker'),
	(26, 'markets', 'candle'),
	(27, 'markets', 'keptseries'),
	(28, 'wallets', 'entry'),
	(29, 'wallets', 'hold'),
	(30, 'wallets', 'platform'),
	(31, 'wallets', 'account'),
	(32, 'wallets', 'connection'),
	(33, 'wallets', 'demoorder'),
	(34, 'wallets', 'demotrade'),
	(35, 'wallets', 'posting'),
	(36, 'wallets', 'syncrun'),
	(37, 'wallets', 'reconciliation'),
	(38, 'wallets', 'transfer'),
	(39, 'wallets', 'wallet'),
	(40, 'wallets', 'fundallocation'),
	(41, 'wallets', 'credential'),
	(42, 'wallets', 'demobalance'),
	(43, 'wallets', 'credentialfield'),
	(44, 'wallets', 'allocationline'),
	(45, 'wallets', 'rulerun'),
	(46, 'wallets', 'walletrule'),
	(47, 'wallets', 'venueposition'),
	(48, 'wallets', 'ledgerproof'),
	(49, 'wallets', 'venuemovement'),
	(50, 'wallets', 'syncturn'),
	(51, 'wallets', 'venueincome'),
	(52, 'wallets', 'proofrun'),
	(53, 'wallets', 'demoposition'),
	(54, 'wallets', 'demofunding'),
	(55, 'trading', 'order'),
	(56, 'trading', 'orderevent'),
	(57, 'trading', 'position'),
	(58, 'trading', 'riskdecision'),
	(59, 'trading', 'risklimit'),
	(60, 'trading', 'fill'),
	(61, 'trading', 'cancellation'),
	(62, 'trading', 'tradeday'),
	(63, 'trading', 'tradetotal'),
	(64, 'trading', 'emergencystop'),
	(65, 'trading', 'aistate'),
	(66, 'trading', 'amendment'),
	(67, 'trading', 'platformlimit'),
	(68, 'trading', 'entrylock'),
	(69, 'trading', 'heldtotal'),
	(70, 'trading', 'masscancellation'),
	(71, 'trading', 'tradeslice'),
	(72, 'farms', 'agent'),
	(73, 'farms', 'farm'),
	(74, 'farms', 'agentfarmassignment'),
	(75, 'farms', 'farmevent'),
	(76, 'farms', 'agentrun'),
	(77, 'farms', 'backtest'),
	(78, 'farms', 'verdict'),
	(79, 'farms', 'backtestresult'),
	(80, 'farms', 'savedstrategy'),
	(81, 'farms', 'strategyversion'),
	(82, 'farms', 'sweep'),
	(83, 'farms', 'sweepblock'),
	(84, 'farms', 'sweepresult'),
	(85, 'farms', 'download'),
	(86, 'farms', 'promotion'),
	(87, 'farms', 'adviceendpoint'),
	(88, 'farms', 'advicecall'),
	(89, 'farms', 'advicelevel'),
	(90, 'farms', 'adviceproposal'),
	(91, 'farms', 'advicesetting'),
	(92, 'farms', 'advicewatch'),
	(93, 'goals', 'goal'),
	(94, 'goals', 'goalaction'),
	(95, 'goals', 'goalassignment'),
	(96, 'goals', 'goalcursor'),
	(97, 'goals', 'goalevent'),
	(98, 'goals', 'goalmove'),
	(99, 'goals', 'goalprogress'),
	(100, 'goals', 'goaltotal'),
	(101, 'portfolio', 'flowmark'),
	(102, 'portfolio', 'portfoliostate'),
	(103, 'portfolio', 'snapshot'),
	(104, 'portfolio', 'allocationplan'),
	(105, 'portfolio', 'exposurelimit'),
	(106, 'portfolio', 'exposurelevel'),
	(107, 'portfolio', 'hourlyperformance'),
	(108, 'portfolio', 'dailyperformance'),
	(109, 'portfolio', 'correction'),
	(110, 'portfolio', 'rebalancerule'),
	(111, 'portfolio', 'rebalancerun'),
	(112, 'portfolio', 'stay');


--
-- Data for Name: django_migrations; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.django_migrations VALUES
	(1, 'contenttypes', '0001_initial', now()),
	(2, 'contenttypes', '0002_remove_content_type_name', now()),
	(3, 'auth', '0001_initial', now()),
	(4, 'auth', '0002_alter_permission_name_max_length', now()),
	(5, 'auth', '0003_alter_user_email_max_length', now()),
	(6, 'auth', '0004_alter_user_username_opts', now()),
	(7, 'auth', '0005_alter_user_last_login_null', now()),
	(8, 'auth', '0006_require_contenttypes_0002', now()),
	(9, 'auth', '0007_alter_validators_add_error_messages', now()),
	(10, 'auth', '0008_alter_user_username_max_length', now()),
	(11, 'auth', '0009_alter_user_last_name_max_length', now()),
	(12, 'auth', '0010_alter_group_name_max_length', now()),
	(13, 'auth', '0011_update_proxy_permissions', now()),
	(14, 'auth', '0012_alter_user_first_name_max_length', now()),
	(15, 'users', '0001_initial', now()),
	(16, 'admin', '0001_initial', now()),
	(17, 'admin', '0002_logentry_remove_auto_add', now()),
	(18, 'admin', '0003_logentry_add_action_flag_choices', now()),
	(19, 'alerts', '0001_initial', now()),
	(20, 'alerts', '0002_initial', now()),
	(21, 'alerts', '0003_policies', now()),
	(22, 'alerts', '0004_task_failures', now()),
	(23, 'alerts', '0005_inbox', now()),
	(24, 'alerts', '0006_channels', now()),
	(25, 'alerts', '0007_digests', now()),
	(26, 'alerts', '0008_links', now()),
	(27, 'alerts', '0009_what_was_told', now()),
	(28, 'users', '0002_tokens', now()),
	(29, 'users', '0003_two_factor', now()),
	(30, 'users', '0004_second_factors_under_aes', now()),
	(31, 'users', '0005_bound_tokens', now()),
	(32, 'users', '0006_operators_and_hashes', now()),
	(33, 'users', '0007_capitals_of_an_address', now()),
	(34, 'approvals', '0001_initial', now()),
	(35, 'approvals', '0002_policies', now()),
	(36, 'audit', '0001_audit_log', now()),
	(37, 'audit', '0002_trading_area', now()),
	(38, 'audit', '0003_months', now()),
	(39, 'audit', '0004_call', now()),
	(40, 'audit', '0005_calls_by_months', now()),
	(41, 'audit', '0006_adviser', now()),
	(42, 'axes', '0001_initial', now()),
	(43, 'axes', '0002_auto_20151217_2044', now()),
	(44, 'axes', '0003_auto_20160322_0929', now()),
	(45, 'axes', '0004_auto_20181024_1538', now()),
	(46, 'axes', '0005_remove_accessattempt_trusted', now()),
	(47, 'axes', '0006_remove_accesslog_trusted', now()),
	(48, 'axes', '0007_alter_accessattempt_unique_together', now()),
	(49, 'axes', '0008_accessfailurelog', now()),
	(50, 'axes', '0009_add_session_hash', now()),
	(51, 'axes', '0010_accessattemptexpiration', now()),
	(52, 'wallets', '0001_initial', now()),
	(53, 'wallets', '0002_policies', now()),
	(54, 'wallets', '0003_ledger', now()),
	(55, 'wallets', '0005_rehearsing_connections', now()),
	(56, 'wallets', '0006_hierarchy_functions', now()),
	(57, 'wallets', '0007_connections_active_since', now()),
	(58, 'wallets', '0008_connections_as_others_see_them', now()),
	(59, 'wallets', '0009_reserves', now()),
	(60, 'wallets', '0010_platforms', now()),
	(61, 'wallets', '0011_credentials_under_aes', now()),
	(62, 'wallets', '0012_archived_wallets', now()),
	(63, 'wallets', '0013_waiting', now()),
	(64, 'wallets', '0014_plans', now()),
	(65, 'wallets', '0015_rules', now()),
	(66, 'wallets', '0016_venue_positions', now()),
	(67, 'wallets', '0017_protection', now()),
	(68, 'wallets', '0018_proofs', now()),
	(69, 'wallets', '0019_venue_names', now()),
	(70, 'wallets', '0020_as_of', now()),
	(71, 'wallets', '0021_unassigned', now()),
	(72, 'wallets', '0022_assets_as_venues_call_them', now()),
	(73, 'wallets', '0023_derivatives', now()),
	(74, 'wallets', '0024_held_for', now()),
	(75, 'wallets', '0025_streams', now()),
	(76, 'wallets', '0026_sync_turns', now()),
	(77, 'wallets', '0027_holds', now()),
	(78, 'wallets', '0028_venue_income', now()),
	(79, 'wallets', '0029_what_was_found', now()),
	(80, 'wallets', '0030_proof', now()),
	(81, 'wallets', '0031_resting_orders', now()),
	(82, 'wallets', '0032_places_at_platforms', now()),
	(83, 'wallets', '0033_orders_compared', now()),
	(84, 'wallets', '0034_perpetuals', now()),
	(85, 'users', '0008_what_scopes_write', now()),
	(86, 'wallets', '0035_what_scopes_write', now()),
	(87, 'wallets', '0036_locking_accounts', now()),
	(88, 'wallets', '0037_pools', now()),
	(89, 'markets', '0001_initial', now()),
	(90, 'trading', '0001_initial', now()),
	(91, 'trading', '0002_policies', now()),
	(92, 'trading', '0003_guards', now()),
	(93, 'trading', '0004_sums_of_closed_trades', now()),
	(94, 'trading', '0005_functions', now()),
	(95, 'portfolio', '0001_initial', now()),
	(96, 'portfolio', '0002_policies', now()),
	(97, 'portfolio', '0003_scene_of_a_history', now()),
	(98, 'markets', '0002_prices', now()),
	(99, 'portfolio', '0004_prices', now()),
	(100, 'portfolio', '0005_allocation_plans', now()),
	(101, 'portfolio', '0006_exposure_limits', now()),
	(102, 'portfolio', '0007_hours', now()),
	(103, 'portfolio', '0008_corrections', now()),
	(104, 'portfolio', '0009_holds_stand_at_wallets', now()),
	(105, 'portfolio', '0010_restate', now()),
	(106, 'portfolio', '0011_rebalancing', now()),
	(107, 'portfolio', '0012_funding', now()),
	(108, 'portfolio', '0013_what_it_was_worth', now()),
	(109, 'portfolio', '0014_extremes_stay', now()),
	(110, 'portfolio', '0015_months_of_every_table', now()),
	(111, 'portfolio', '0016_parts_stay', now()),
	(112, 'portfolio', '0017_what_adds_up_stays', now()),
	(113, 'portfolio', '0018_what_scopes_write', now()),
	(114, 'portfolio', '0019_earned_elsewhere', now()),
	(115, 'portfolio', '0020_stays', now()),
	(116, 'markets', '0003_derivatives', now()),
	(117, 'markets', '0004_extremes', now()),
	(118, 'markets', '0005_perpetuals', now()),
	(119, 'markets', '0006_kept_series', now()),
	(120, 'markets', '0007_regimes', now()),
	(121, 'trading', '0006_newest_first', now()),
	(122, 'trading', '0007_orders_remember_the_request', now()),
	(123, 'trading', '0008_sums_of_a_period', now()),
	(124, 'trading', '0009_refused_orders', now()),
	(125, 'trading', '0010_trades_of_spans', now()),
	(126, 'trading', '0011_sorted_by_an_index', now()),
	(127, 'trading', '0012_daily_loss', now()),
	(128, 'trading', '0013_written_for_cursors', now()),
	(129, 'trading', '0014_fills_and_trades_of_an_owner', now()),
	(130, 'trading', '0015_more_limits', now()),
	(131, 'trading', '0016_stops', now()),
	(132, 'trading', '0017_ai_state', now()),
	(133, 'trading', '0018_what_was_stopped', now()),
	(134, 'trading', '0019_trade_sums_of_spans', now()),
	(135, 'trading', '0020_limit_orders', now()),
	(136, 'trading', '0021_amendments', now()),
	(137, 'trading', '0022_triggers', now()),
	(138, 'trading', '0023_distance_and_rate', now()),
	(139, 'trading', '0024_protections', now()),
	(140, 'trading', '0025_held_totals', now()),
	(141, 'trading', '0026_many_cancelled_at_once', now()),
	(142, 'trading', '0027_external_orders', now()),
	(143, 'trading', '0028_one_cancels_the_other', now()),
	(144, 'trading', '0029_log_of_orders_by_months', now()),
	(145, 'trading', '0030_perpetuals', now()),
	(146, 'trading', '0031_changed_at_the_venue', now()),
	(147, 'trading', '0032_room_for_trails', now()),
	(148, 'trading', '0033_what_scopes_write', now()),
	(149, 'trading', '0034_crossed_inside', now()),
	(150, 'trading', '0035_correlated', now()),
	(151, 'trading', '0036_slices', now()),
	(152, 'farms', '0001_initial', now()),
	(153, 'farms', '0002_policies', now()),
	(154, 'farms', '0003_histories', now()),
	(155, 'farms', '0004_newest_runs_first', now()),
	(156, 'farms', '0005_restored', now()),
	(157, 'farms', '0006_old_holds_may_go', now()),
	(158, 'farms', '0007_where_agents_were', now()),
	(159, 'farms', '0008_bars_of_agents', now()),
	(160, 'farms', '0009_laboratory', now()),
	(161, 'farms', '0010_runs_by_months', now()),
	(162, 'farms', '0011_leverage', now()),
	(163, 'farms', '0012_saved_strategies', now()),
	(164, 'farms', '0013_sweeps', now()),
	(165, 'farms', '0014_downloads', now()),
	(166, 'farms', '0015_kinds_restrict', now()),
	(167, 'farms', '0016_policies_of_farms', now()),
	(168, 'farms', '0017_farms_net', now()),
	(169, 'farms', '0018_moves', now()),
	(170, 'farms', '0019_promotions', now()),
	(171, 'farms', '0020_archived_strategies', now()),
	(172, 'farms', '0021_advice_endpoints', now()),
	(173, 'farms', '0022_advice', now()),
	(174, 'farms', '0023_advice_is_of_numbers', now()),
	(175, 'farms', '0024_adviser', now()),
	(176, 'farms', '0025_judged_from_the_first_price', now()),
	(177, 'farms', '0026_watched', now()),
	(178, 'farms', '0027_demo_model', now()),
	(179, 'farms', '0028_where_agents_stood', now()),
	(180, 'goals', '0001_initial', now()),
	(181, 'goals', '0002_policies', now()),
	(182, 'goals', '0003_requests_once', now()),
	(183, 'goals', '0004_what_each_comparison_ended_with', now()),
	(184, 'goals', '0005_extended', now()),
	(185, 'goals', '0006_holds_stand_at_wallets', now()),
	(186, 'goals', '0007_what_was_reached', now()),
	(187, 'wallets', '0038_who_locks_accounts', now()),
	(188, 'wallets', '0039_path_by_key', now()),
	(189, 'wallets', '0040_where_they_stood', now()),
	(190, 'portfolio', '0021_who_stood_below', now()),
	(191, 'portfolio', '0022_where_they_stood', now()),
	(192, 'sessions', '0001_initial', now()),
	(193, 'wallets', '0041_fewer_indexes', now()),
	(194, 'trading', '0037_adviser', now()),
	(195, 'trading', '0038_where_they_closed', now()),
	(196, 'trading', '0039_closed_where_it_stood', now()),
	(197, 'trading', '0040_fewer_indexes', now()),
	(198, 'trading', '0041_shortfalls', now()),
	(199, 'users', '0009_tokens_that_ask_first', now());


--
-- Data for Name: django_session; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: farms_advicecall; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: farms_adviceendpoint; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.farms_adviceendpoint VALUES
	('6f1d8b1e-3a52-4d0c-9a6e-2f0e5c7b9d41', '2026-11-28 00:00:00+00', 'Demo, no language model', 'http://demo.internal', 'demo rules', NULL, 0.000000000000000000, 0.000000000000000000, 500, 5, true, NULL, 0, '');


--
-- Data for Name: farms_advicelevel; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: farms_adviceproposal; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: farms_advicesetting; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: farms_advicewatch; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: farms_agent; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: farms_agentfarmassignment; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: farms_agentrun_rest; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: farms_backtest; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: farms_backtestresult; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: farms_download; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: farms_farm; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: farms_farmevent; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: farms_promotion; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: farms_strategy; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: farms_strategyversion; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: farms_sweep; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: farms_sweepblock; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: farms_sweepresult; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: farms_verdict; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: goals_goal; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: goals_goalaction; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: goals_goalassignment; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: goals_goalcursor; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: goals_goalevent; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: goals_goalmove; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: goals_goalprogress; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: goals_goaltotal; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: markets_candle; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: markets_feedstate; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: markets_instrument; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: markets_keptseries; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: markets_lastprice; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: markets_ticker; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: portfolio_allocationplan; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: portfolio_correction; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: portfolio_dailyperformance; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: portfolio_exposurelevel; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: portfolio_exposurelimit; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: portfolio_flowmark; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: portfolio_hourlyperformance; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: portfolio_portfoliostate; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: portfolio_rebalancerule; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: portfolio_rebalancerun; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: portfolio_stay; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: trading_aistate; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: trading_amendment; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: trading_cancellation; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: trading_emergencystop; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: trading_entrylock; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: trading_fill; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: trading_heldtotal; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: trading_masscancellation; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: trading_order; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: trading_orderevent_rest; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: trading_platformlimit; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: trading_position; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: trading_riskdecision_rest; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: trading_risklimit; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: trading_tradeday; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: trading_tradeslice; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: trading_tradetotal; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: users_recoverycode; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: users_secondfactor; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: users_token; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: users_user; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: users_user_groups; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: users_user_user_permissions; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wallets_account; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wallets_allocationline; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wallets_connection; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wallets_credential; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wallets_credentialfield; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.wallets_credentialfield VALUES
	(1, 'api_key', 'API key', '', false, true, '[A-Za-z0-9]{16,128}', 0, 'binance'),
	(2, 'secret', 'Secret key', 'Of a key of the kind “system generated” (HMAC).', true, true, '[A-Za-z0-9]{16,128}', 1, 'binance'),
	(3, 'api_key', 'API key', '', false, true, '[A-Za-z0-9]{16,128}', 0, 'binanceusdm'),
	(4, 'secret', 'Secret key', 'Of a key of the kind “system generated” (HMAC).', true, true, '[A-Za-z0-9]{16,128}', 1, 'binanceusdm'),
	(5, 'api_key', 'API key', '', false, true, '[A-Za-z0-9-]{16,64}', 0, 'okx'),
	(6, 'secret', 'Secret key', '', true, true, '[A-Za-z0-9]{16,128}', 1, 'okx'),
	(7, 'password', 'Passphrase', 'The one you chose when you made the key, not the account''s.', true, true, '\S{6,64}', 2, 'okx'),
	(8, 'api_key', 'API key', '', false, true, '[A-Za-z0-9]{16,128}', 0, 'bybit'),
	(9, 'secret', 'Secret key', '', true, true, '[A-Za-z0-9]{16,128}', 1, 'bybit'),
	(10, 'api_key', 'Key name', 'organizations/…/apiKeys/… of the file that Coinbase gives you.', false, true, '\S{16,200}', 0, 'coinbase'),
	(11, 'secret', 'Private key', 'Of an ECDSA key, as it stands in the file: with its \n, from BEGIN to END.', true, true, '[\s\S]{16,2000}', 1, 'coinbase'),
	(12, 'api_key', 'API key', '', false, true, '[A-Za-z0-9+/]{40,}={0,2}', 0, 'kraken'),
	(13, 'secret', 'Private key', '', true, true, '[A-Za-z0-9+/]{40,}={0,2}', 1, 'kraken');


--
-- Data for Name: wallets_demobalance; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wallets_demofunding; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wallets_demoorder; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wallets_demoposition; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wallets_demotrade; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wallets_fundallocation; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wallets_ledgerproof; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wallets_platform; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.wallets_platform VALUES
	('demo', 'Paper exchange', 'demo', 'exchange', true, true, '{"maker": "0.0008", "taker": "0.0010"}', '{"depth": "250000", "impact_bps": "5", "slippage_bps": "2"}', '', false, '{spot}'),
	('binance', 'Binance', 'ccxt', 'exchange', false, true, '{"maker": "0.001", "taker": "0.001"}', '{}', '', false, '{spot,permissions}'),
	('binanceusdm', 'Binance USD-M futures', 'ccxt', 'exchange', false, true, '{"maker": "0.0002", "taker": "0.0005"}', '{}', '', false, '{derivatives,permissions}'),
	('okx', 'OKX', 'ccxt', 'exchange', false, true, '{"maker": "0.0008", "taker": "0.001"}', '{}', '', false, '{spot,derivatives,permissions}'),
	('bybit', 'Bybit', 'ccxt', 'exchange', false, true, '{"maker": "0.001", "taker": "0.001"}', '{}', '', false, '{spot,derivatives,permissions}'),
	('coinbase', 'Coinbase Advanced', 'ccxt', 'exchange', false, true, '{"maker": "0.006", "taker": "0.012"}', '{}', '', false, '{spot,permissions}'),
	('kraken', 'Kraken', 'ccxt', 'exchange', false, true, '{"maker": "0.0025", "taker": "0.004"}', '{}', '', false, '{spot,permissions}');


--
-- Data for Name: wallets_posting; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wallets_proofrun; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wallets_reconciliation; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wallets_rulerun; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wallets_syncrun; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wallets_syncturn; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wallets_transfer; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wallets_venueincome; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wallets_venuemovement; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wallets_venueposition; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wallets_wallet; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: wallets_walletrule; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Name: alerts_taskfailure_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.alerts_taskfailure_id_seq', 1, false);


--
-- Name: audit_auditentry_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.audit_auditentry_id_seq', 1, false);


--
-- Name: audit_call_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.audit_call_id_seq', 1, false);


--
-- Name: auth_group_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.auth_group_id_seq', 1, false);


--
-- Name: auth_group_permissions_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.auth_group_permissions_id_seq', 1, false);


--
-- Name: auth_permission_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.auth_permission_id_seq', 448, true);


--
-- Name: axes_accessattempt_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.axes_accessattempt_id_seq', 1, false);


--
-- Name: axes_accessfailurelog_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.axes_accessfailurelog_id_seq', 1, false);


--
-- Name: axes_accesslog_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.axes_accesslog_id_seq', 1, false);


--
-- Name: django_admin_log_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.django_admin_log_id_seq', 1, false);


--
-- Name: django_content_type_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.django_content_type_id_seq', 112, true);


--
-- Name: django_migrations_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.django_migrations_id_seq', 199, true);


--
-- Name: farms_advicelevel_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.farms_advicelevel_id_seq', 1, false);


--
-- Name: farms_advicesetting_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.farms_advicesetting_id_seq', 1, false);


--
-- Name: farms_agentfarmassignment_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.farms_agentfarmassignment_id_seq', 1, false);


--
-- Name: farms_agentrun_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.farms_agentrun_id_seq', 1, false);


--
-- Name: farms_farmevent_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.farms_farmevent_id_seq', 1, false);


--
-- Name: farms_verdict_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.farms_verdict_id_seq', 1, false);


--
-- Name: goals_goalaction_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.goals_goalaction_id_seq', 1, false);


--
-- Name: goals_goalassignment_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.goals_goalassignment_id_seq', 1, false);


--
-- Name: goals_goalcursor_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.goals_goalcursor_id_seq', 1, false);


--
-- Name: goals_goalevent_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.goals_goalevent_id_seq', 1, false);


--
-- Name: goals_goalmove_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.goals_goalmove_id_seq', 1, false);


--
-- Name: goals_goalprogress_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.goals_goalprogress_id_seq', 1, false);


--
-- Name: goals_goaltotal_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.goals_goaltotal_id_seq', 1, false);


--
-- Name: markets_instrument_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.markets_instrument_id_seq', 1, false);


--
-- Name: markets_keptseries_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.markets_keptseries_id_seq', 1, false);


--
-- Name: portfolio_allocationplan_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.portfolio_allocationplan_id_seq', 1, false);


--
-- Name: portfolio_correction_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.portfolio_correction_id_seq', 1, false);


--
-- Name: portfolio_dailyperformance_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.portfolio_dailyperformance_id_seq', 1, false);


--
-- Name: portfolio_exposurelevel_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.portfolio_exposurelevel_id_seq', 1, false);


--
-- Name: portfolio_flowmark_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.portfolio_flowmark_id_seq', 1, false);


--
-- Name: portfolio_hourlyperformance_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.portfolio_hourlyperformance_id_seq', 1, false);


--
-- Name: portfolio_portfoliostate_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.portfolio_portfoliostate_id_seq', 1, false);


--
-- Name: portfolio_snapshot_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.portfolio_snapshot_id_seq', 1, false);


--
-- Name: portfolio_stay_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.portfolio_stay_id_seq', 1, false);


--
-- Name: trading_aistate_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.trading_aistate_id_seq', 1, false);


--
-- Name: trading_entrylock_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.trading_entrylock_id_seq', 1, false);


--
-- Name: trading_fill_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.trading_fill_id_seq', 1, false);


--
-- Name: trading_heldtotal_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.trading_heldtotal_id_seq', 1, false);


--
-- Name: trading_orderevent_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.trading_orderevent_id_seq', 1, false);


--
-- Name: trading_platformlimit_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.trading_platformlimit_id_seq', 1, false);


--
-- Name: trading_riskdecision_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.trading_riskdecision_id_seq', 1, false);


--
-- Name: trading_risklimit_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.trading_risklimit_id_seq', 1, false);


--
-- Name: trading_tradeday_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.trading_tradeday_id_seq', 1, false);


--
-- Name: trading_tradeslice_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.trading_tradeslice_id_seq', 1, false);


--
-- Name: trading_tradetotal_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.trading_tradetotal_id_seq', 1, false);


--
-- Name: users_recoverycode_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.users_recoverycode_id_seq', 1, false);


--
-- Name: users_secondfactor_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.users_secondfactor_id_seq', 1, false);


--
-- Name: users_user_groups_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.users_user_groups_id_seq', 1, false);


--
-- Name: users_user_user_permissions_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.users_user_user_permissions_id_seq', 1, false);


--
-- Name: wallets_account_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.wallets_account_id_seq', 1, false);


--
-- Name: wallets_allocationline_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.wallets_allocationline_id_seq', 1, false);


--
-- Name: wallets_credential_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.wallets_credential_id_seq', 1, false);


--
-- Name: wallets_credentialfield_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.wallets_credentialfield_id_seq', 13, true);


--
-- Name: wallets_demobalance_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.wallets_demobalance_id_seq', 1, false);


--
-- Name: wallets_demofunding_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.wallets_demofunding_id_seq', 1, false);


--
-- Name: wallets_demoorder_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.wallets_demoorder_id_seq', 1, false);


--
-- Name: wallets_demoposition_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.wallets_demoposition_id_seq', 1, false);


--
-- Name: wallets_demotrade_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.wallets_demotrade_id_seq', 1, false);


--
-- Name: wallets_ledgerproof_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.wallets_ledgerproof_id_seq', 1, false);


--
-- Name: wallets_posting_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.wallets_posting_id_seq', 1, false);


--
-- Name: wallets_proofrun_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.wallets_proofrun_id_seq', 1, false);


--
-- Name: wallets_reconciliation_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.wallets_reconciliation_id_seq', 1, false);


--
-- Name: wallets_rulerun_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.wallets_rulerun_id_seq', 1, false);


--
-- Name: wallets_syncturn_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.wallets_syncturn_id_seq', 1, false);


--
-- Name: wallets_transfer_number; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.wallets_transfer_number', 1, false);


--
-- Name: wallets_venueincome_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.wallets_venueincome_id_seq', 1, false);


--
-- Name: wallets_venuemovement_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.wallets_venuemovement_id_seq', 1, false);


--
-- Name: wallets_venueposition_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.wallets_venueposition_id_seq', 1, false);


--
-- Name: wallets_account account_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_account
    ADD CONSTRAINT account_once UNIQUE (wallet_id, asset, kind);


--
-- Name: farms_advicesetting advice_setting_once_per_owner; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_advicesetting
    ADD CONSTRAINT advice_setting_once_per_owner UNIQUE (owner_id);


--
-- Name: farms_advicewatch advice_watches_a_market_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_advicewatch
    ADD CONSTRAINT advice_watches_a_market_once UNIQUE (owner_id, instrument_id, timeframe);


--
-- Name: farms_agent agent_name_once_per_farm; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_agent
    ADD CONSTRAINT agent_name_once_per_farm UNIQUE (farm_id, name);


--
-- Name: farms_agentrun agent_runs_once_per_bar; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_agentrun
    ADD CONSTRAINT agent_runs_once_per_bar UNIQUE (agent_id, instrument_id, bar);


--
-- Name: trading_aistate ai_state_version_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_aistate
    ADD CONSTRAINT ai_state_version_once UNIQUE (wallet_id, version);


--
-- Name: alerts_alert alerts_alert_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alerts_alert
    ADD CONSTRAINT alerts_alert_pkey PRIMARY KEY (id);


--
-- Name: alerts_channel alerts_channel_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alerts_channel
    ADD CONSTRAINT alerts_channel_pkey PRIMARY KEY (id);


--
-- Name: alerts_delivery alerts_delivery_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alerts_delivery
    ADD CONSTRAINT alerts_delivery_pkey PRIMARY KEY (id);


--
-- Name: alerts_mute alerts_mute_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alerts_mute
    ADD CONSTRAINT alerts_mute_pkey PRIMARY KEY (id);


--
-- Name: alerts_platformalert alerts_platformalert_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alerts_platformalert
    ADD CONSTRAINT alerts_platformalert_pkey PRIMARY KEY (id);


--
-- Name: alerts_taskfailure alerts_taskfailure_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alerts_taskfailure
    ADD CONSTRAINT alerts_taskfailure_pkey PRIMARY KEY (id);


--
-- Name: wallets_allocationline allocation_line_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_allocationline
    ADD CONSTRAINT allocation_line_once UNIQUE (allocation_id, number);


--
-- Name: approvals_approval approvals_approval_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.approvals_approval
    ADD CONSTRAINT approvals_approval_pkey PRIMARY KEY (id);


--
-- Name: audit_auditentry audit_auditentry_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_auditentry
    ADD CONSTRAINT audit_auditentry_pkey PRIMARY KEY (id, at);


--
-- Name: audit_auditentry_rest audit_auditentry_rest_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_auditentry_rest
    ADD CONSTRAINT audit_auditentry_rest_pkey PRIMARY KEY (id, at);


--
-- Name: audit_call audit_call_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_call
    ADD CONSTRAINT audit_call_pkey PRIMARY KEY (id, at);


--
-- Name: audit_call_rest audit_call_rest_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit_call_rest
    ADD CONSTRAINT audit_call_rest_pkey PRIMARY KEY (id, at);


--
-- Name: auth_group auth_group_name_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.auth_group
    ADD CONSTRAINT auth_group_name_key UNIQUE (name);


--
-- Name: auth_group_permissions auth_group_permissions_group_id_permission_id_0cd325b0_uniq; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_group_id_permission_id_0cd325b0_uniq UNIQUE (group_id, permission_id);


--
-- Name: auth_group_permissions auth_group_permissions_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_pkey PRIMARY KEY (id);


--
-- Name: auth_group auth_group_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.auth_group
    ADD CONSTRAINT auth_group_pkey PRIMARY KEY (id);


--
-- Name: auth_permission auth_permission_content_type_id_codename_01ab375a_uniq; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.auth_permission
    ADD CONSTRAINT auth_permission_content_type_id_codename_01ab375a_uniq UNIQUE (content_type_id, codename);


--
-- Name: auth_permission auth_permission_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.auth_permission
    ADD CONSTRAINT auth_permission_pkey PRIMARY KEY (id);


--
-- Name: axes_accessattempt axes_accessattempt_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.axes_accessattempt
    ADD CONSTRAINT axes_accessattempt_pkey PRIMARY KEY (id);


--
-- Name: axes_accessattempt axes_accessattempt_username_ip_address_user_agent_8ea22282_uniq; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.axes_accessattempt
    ADD CONSTRAINT axes_accessattempt_username_ip_address_user_agent_8ea22282_uniq UNIQUE (username, ip_address, user_agent);


--
-- Name: axes_accessattemptexpiration axes_accessattemptexpiration_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.axes_accessattemptexpiration
    ADD CONSTRAINT axes_accessattemptexpiration_pkey PRIMARY KEY (access_attempt_id);


--
-- Name: axes_accessfailurelog axes_accessfailurelog_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.axes_accessfailurelog
    ADD CONSTRAINT axes_accessfailurelog_pkey PRIMARY KEY (id);


--
-- Name: axes_accesslog axes_accesslog_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.axes_accesslog
    ADD CONSTRAINT axes_accesslog_pkey PRIMARY KEY (id);


--
-- Name: alerts_channel channel_named_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alerts_channel
    ADD CONSTRAINT channel_named_once UNIQUE (owner_id, name);


--
-- Name: wallets_connection connection_identity; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_connection
    ADD CONSTRAINT connection_identity UNIQUE (id, owner_id);


--
-- Name: wallets_connection connection_name_once_per_owner; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_connection
    ADD CONSTRAINT connection_name_once_per_owner UNIQUE (owner_id, name);


--
-- Name: wallets_credentialfield credential_field_name_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_credentialfield
    ADD CONSTRAINT credential_field_name_once UNIQUE (platform_id, name);


--
-- Name: wallets_credential credential_field_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_credential
    ADD CONSTRAINT credential_field_once UNIQUE (connection_id, field);


--
-- Name: portfolio_dailyperformance daily_performance_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_dailyperformance
    ADD CONSTRAINT daily_performance_once UNIQUE (scope, base, day);


--
-- Name: wallets_demobalance demo_balance_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_demobalance
    ADD CONSTRAINT demo_balance_once UNIQUE (connection_id, asset);


--
-- Name: wallets_demofunding demo_funding_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_demofunding
    ADD CONSTRAINT demo_funding_once UNIQUE (connection_id, part, symbol, at);


--
-- Name: wallets_demoorder demo_order_client_id_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_demoorder
    ADD CONSTRAINT demo_order_client_id_once UNIQUE (connection_id, client_order_id);


--
-- Name: wallets_demoposition demo_position_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_demoposition
    ADD CONSTRAINT demo_position_once UNIQUE (connection_id, part, symbol);


--
-- Name: django_admin_log django_admin_log_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.django_admin_log
    ADD CONSTRAINT django_admin_log_pkey PRIMARY KEY (id);


--
-- Name: django_content_type django_content_type_app_label_model_76bd3d3b_uniq; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.django_content_type
    ADD CONSTRAINT django_content_type_app_label_model_76bd3d3b_uniq UNIQUE (app_label, model);


--
-- Name: django_content_type django_content_type_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.django_content_type
    ADD CONSTRAINT django_content_type_pkey PRIMARY KEY (id);


--
-- Name: django_migrations django_migrations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.django_migrations
    ADD CONSTRAINT django_migrations_pkey PRIMARY KEY (id);


--
-- Name: django_session django_session_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.django_session
    ADD CONSTRAINT django_session_pkey PRIMARY KEY (session_key);


--
-- Name: trading_entrylock entry_lock_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_entrylock
    ADD CONSTRAINT entry_lock_once UNIQUE NULLS NOT DISTINCT (limit_id, kind, wallet_id, instrument_id);


--
-- Name: portfolio_exposurelevel exposure_level_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_exposurelevel
    ADD CONSTRAINT exposure_level_once UNIQUE (limit_id, subject);


--
-- Name: portfolio_exposurelimit exposure_limit_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_exposurelimit
    ADD CONSTRAINT exposure_limit_once UNIQUE NULLS NOT DISTINCT (owner_id, wallet_id, kind, subject);


--
-- Name: farms_farm farm_name_once_per_owner; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_farm
    ADD CONSTRAINT farm_name_once_per_owner UNIQUE (owner_id, name);


--
-- Name: farms_advicecall farms_advicecall_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_advicecall
    ADD CONSTRAINT farms_advicecall_pkey PRIMARY KEY (id);


--
-- Name: farms_adviceendpoint farms_adviceendpoint_name_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_adviceendpoint
    ADD CONSTRAINT farms_adviceendpoint_name_key UNIQUE (name);


--
-- Name: farms_adviceendpoint farms_adviceendpoint_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_adviceendpoint
    ADD CONSTRAINT farms_adviceendpoint_pkey PRIMARY KEY (id);


--
-- Name: farms_advicelevel farms_advicelevel_agent_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_advicelevel
    ADD CONSTRAINT farms_advicelevel_agent_id_key UNIQUE (agent_id);


--
-- Name: farms_advicelevel farms_advicelevel_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_advicelevel
    ADD CONSTRAINT farms_advicelevel_pkey PRIMARY KEY (id);


--
-- Name: farms_adviceproposal farms_adviceproposal_call_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_adviceproposal
    ADD CONSTRAINT farms_adviceproposal_call_id_key UNIQUE (call_id);


--
-- Name: farms_adviceproposal farms_adviceproposal_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_adviceproposal
    ADD CONSTRAINT farms_adviceproposal_pkey PRIMARY KEY (id);


--
-- Name: farms_advicesetting farms_advicesetting_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_advicesetting
    ADD CONSTRAINT farms_advicesetting_pkey PRIMARY KEY (id);


--
-- Name: farms_advicewatch farms_advicewatch_farm_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_advicewatch
    ADD CONSTRAINT farms_advicewatch_farm_id_key UNIQUE (farm_id);


--
-- Name: farms_advicewatch farms_advicewatch_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_advicewatch
    ADD CONSTRAINT farms_advicewatch_pkey PRIMARY KEY (id);


--
-- Name: farms_agent farms_agent_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_agent
    ADD CONSTRAINT farms_agent_pkey PRIMARY KEY (id);


--
-- Name: farms_agent farms_agent_wallet_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_agent
    ADD CONSTRAINT farms_agent_wallet_id_key UNIQUE (wallet_id);


--
-- Name: farms_agentfarmassignment farms_agentfarmassignment_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_agentfarmassignment
    ADD CONSTRAINT farms_agentfarmassignment_pkey PRIMARY KEY (id);


--
-- Name: farms_agentrun farms_agentrun_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_agentrun
    ADD CONSTRAINT farms_agentrun_pkey PRIMARY KEY (id, bar);


--
-- Name: farms_agentrun_rest farms_agentrun_rest_agent_id_instrument_id_bar_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_agentrun_rest
    ADD CONSTRAINT farms_agentrun_rest_agent_id_instrument_id_bar_key UNIQUE (agent_id, instrument_id, bar);


--
-- Name: farms_agentrun_rest farms_agentrun_rest_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_agentrun_rest
    ADD CONSTRAINT farms_agentrun_rest_pkey PRIMARY KEY (id, bar);


--
-- Name: farms_backtest farms_backtest_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_backtest
    ADD CONSTRAINT farms_backtest_pkey PRIMARY KEY (id);


--
-- Name: farms_backtestresult farms_backtestresult_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_backtestresult
    ADD CONSTRAINT farms_backtestresult_pkey PRIMARY KEY (backtest_id);


--
-- Name: farms_download farms_download_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_download
    ADD CONSTRAINT farms_download_pkey PRIMARY KEY (id);


--
-- Name: farms_farm farms_farm_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_farm
    ADD CONSTRAINT farms_farm_pkey PRIMARY KEY (id);


--
-- Name: farms_farm farms_farm_wallet_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_farm
    ADD CONSTRAINT farms_farm_wallet_id_key UNIQUE (wallet_id);


--
-- Name: farms_farmevent farms_farmevent_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_farmevent
    ADD CONSTRAINT farms_farmevent_pkey PRIMARY KEY (id);


--
-- Name: farms_promotion farms_promotion_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_promotion
    ADD CONSTRAINT farms_promotion_pkey PRIMARY KEY (agent_id);


--
-- Name: farms_strategy farms_strategy_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_strategy
    ADD CONSTRAINT farms_strategy_pkey PRIMARY KEY (id);


--
-- Name: farms_strategyversion farms_strategyversion_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_strategyversion
    ADD CONSTRAINT farms_strategyversion_pkey PRIMARY KEY (id);


--
-- Name: farms_sweep farms_sweep_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_sweep
    ADD CONSTRAINT farms_sweep_pkey PRIMARY KEY (id);


--
-- Name: farms_sweepblock farms_sweepblock_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_sweepblock
    ADD CONSTRAINT farms_sweepblock_pkey PRIMARY KEY (id);


--
-- Name: farms_sweepresult farms_sweepresult_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_sweepresult
    ADD CONSTRAINT farms_sweepresult_pkey PRIMARY KEY (sweep_id);


--
-- Name: farms_verdict farms_verdict_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_verdict
    ADD CONSTRAINT farms_verdict_pkey PRIMARY KEY (id);


--
-- Name: trading_fill fill_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_fill
    ADD CONSTRAINT fill_once UNIQUE (connection_id, instrument_id, venue_trade_id);


--
-- Name: portfolio_flowmark flow_mark_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_flowmark
    ADD CONSTRAINT flow_mark_once UNIQUE (scope, base, venue, asset);


--
-- Name: goals_goalaction goal_action_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goalaction
    ADD CONSTRAINT goal_action_once UNIQUE (goal_id, number);


--
-- Name: goals_goalcursor goal_cursor_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goalcursor
    ADD CONSTRAINT goal_cursor_once UNIQUE (owner_id);


--
-- Name: goals_goal goal_is_renewed_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goal
    ADD CONSTRAINT goal_is_renewed_once UNIQUE (renews_id);


--
-- Name: goals_goalprogress goal_progress_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goalprogress
    ADD CONSTRAINT goal_progress_once UNIQUE (goal_id, at);


--
-- Name: goals_goaltotal goal_total_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goaltotal
    ADD CONSTRAINT goal_total_once UNIQUE (goal_id, quote);


--
-- Name: goals_goal goals_goal_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goal
    ADD CONSTRAINT goals_goal_pkey PRIMARY KEY (id);


--
-- Name: goals_goalaction goals_goalaction_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goalaction
    ADD CONSTRAINT goals_goalaction_pkey PRIMARY KEY (id);


--
-- Name: goals_goalassignment goals_goalassignment_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goalassignment
    ADD CONSTRAINT goals_goalassignment_pkey PRIMARY KEY (id);


--
-- Name: goals_goalcursor goals_goalcursor_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goalcursor
    ADD CONSTRAINT goals_goalcursor_pkey PRIMARY KEY (id);


--
-- Name: goals_goalevent goals_goalevent_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goalevent
    ADD CONSTRAINT goals_goalevent_pkey PRIMARY KEY (id);


--
-- Name: goals_goalmove goals_goalmove_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goalmove
    ADD CONSTRAINT goals_goalmove_pkey PRIMARY KEY (id);


--
-- Name: goals_goalprogress goals_goalprogress_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goalprogress
    ADD CONSTRAINT goals_goalprogress_pkey PRIMARY KEY (id);


--
-- Name: goals_goaltotal goals_goaltotal_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goaltotal
    ADD CONSTRAINT goals_goaltotal_pkey PRIMARY KEY (id);


--
-- Name: trading_heldtotal held_total_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_heldtotal
    ADD CONSTRAINT held_total_once UNIQUE (owner_id, wallet_id, instrument_id, at);


--
-- Name: portfolio_hourlyperformance hourly_performance_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_hourlyperformance
    ADD CONSTRAINT hourly_performance_once UNIQUE (scope, base, at);


--
-- Name: markets_instrument instrument_once_per_venue; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.markets_instrument
    ADD CONSTRAINT instrument_once_per_venue UNIQUE (venue, symbol);


--
-- Name: markets_keptseries kept_series_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.markets_keptseries
    ADD CONSTRAINT kept_series_once UNIQUE (instrument_id, timeframe);


--
-- Name: markets_candle markets_candle_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.markets_candle
    ADD CONSTRAINT markets_candle_pkey PRIMARY KEY (instrument_id, timeframe, ts);


--
-- Name: markets_feedstate markets_feedstate_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.markets_feedstate
    ADD CONSTRAINT markets_feedstate_pkey PRIMARY KEY (name);


--
-- Name: markets_instrument markets_instrument_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.markets_instrument
    ADD CONSTRAINT markets_instrument_pkey PRIMARY KEY (id);


--
-- Name: markets_keptseries markets_keptseries_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.markets_keptseries
    ADD CONSTRAINT markets_keptseries_pkey PRIMARY KEY (id);


--
-- Name: markets_lastprice markets_lastprice_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.markets_lastprice
    ADD CONSTRAINT markets_lastprice_pkey PRIMARY KEY (instrument_id);


--
-- Name: markets_ticker markets_ticker_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.markets_ticker
    ADD CONSTRAINT markets_ticker_pkey PRIMARY KEY (instrument_id);


--
-- Name: trading_masscancellation mass_cancellation_key_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_masscancellation
    ADD CONSTRAINT mass_cancellation_key_once UNIQUE (owner_id, key);


--
-- Name: alerts_mute mute_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alerts_mute
    ADD CONSTRAINT mute_once UNIQUE (owner_id, key);


--
-- Name: trading_order order_client_id_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_order
    ADD CONSTRAINT order_client_id_once UNIQUE NULLS NOT DISTINCT (connection_id, client_order_id, replaces_id);


--
-- Name: trading_order order_key_once_per_owner; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_order
    ADD CONSTRAINT order_key_once_per_owner UNIQUE (owner_id, key);


--
-- Name: portfolio_allocationplan portfolio_allocationplan_allocation_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_allocationplan
    ADD CONSTRAINT portfolio_allocationplan_allocation_id_key UNIQUE (allocation_id);


--
-- Name: portfolio_allocationplan portfolio_allocationplan_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_allocationplan
    ADD CONSTRAINT portfolio_allocationplan_pkey PRIMARY KEY (id);


--
-- Name: portfolio_correction portfolio_correction_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_correction
    ADD CONSTRAINT portfolio_correction_pkey PRIMARY KEY (id);


--
-- Name: portfolio_dailyperformance portfolio_dailyperformance_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_dailyperformance
    ADD CONSTRAINT portfolio_dailyperformance_pkey PRIMARY KEY (id);


--
-- Name: portfolio_exposurelevel portfolio_exposurelevel_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_exposurelevel
    ADD CONSTRAINT portfolio_exposurelevel_pkey PRIMARY KEY (id);


--
-- Name: portfolio_exposurelimit portfolio_exposurelimit_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_exposurelimit
    ADD CONSTRAINT portfolio_exposurelimit_pkey PRIMARY KEY (id);


--
-- Name: portfolio_flowmark portfolio_flowmark_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_flowmark
    ADD CONSTRAINT portfolio_flowmark_pkey PRIMARY KEY (id);


--
-- Name: portfolio_hourlyperformance portfolio_hourlyperformance_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_hourlyperformance
    ADD CONSTRAINT portfolio_hourlyperformance_pkey PRIMARY KEY (id);


--
-- Name: portfolio_portfoliostate portfolio_portfoliostate_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_portfoliostate
    ADD CONSTRAINT portfolio_portfoliostate_pkey PRIMARY KEY (id);


--
-- Name: portfolio_rebalancerule portfolio_rebalancerule_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_rebalancerule
    ADD CONSTRAINT portfolio_rebalancerule_pkey PRIMARY KEY (id);


--
-- Name: portfolio_rebalancerule portfolio_rebalancerule_wallet_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_rebalancerule
    ADD CONSTRAINT portfolio_rebalancerule_wallet_id_key UNIQUE (wallet_id);


--
-- Name: portfolio_rebalancerun portfolio_rebalancerun_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_rebalancerun
    ADD CONSTRAINT portfolio_rebalancerun_pkey PRIMARY KEY (id);


--
-- Name: portfolio_snapshot portfolio_snapshot_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_snapshot
    ADD CONSTRAINT portfolio_snapshot_pkey PRIMARY KEY (id, at);


--
-- Name: portfolio_portfoliostate portfolio_state_once_per_owner; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_portfoliostate
    ADD CONSTRAINT portfolio_state_once_per_owner UNIQUE (owner_id);


--
-- Name: portfolio_stay portfolio_stay_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_stay
    ADD CONSTRAINT portfolio_stay_pkey PRIMARY KEY (id);


--
-- Name: wallets_posting posting_identity; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_posting
    ADD CONSTRAINT posting_identity UNIQUE (id, owner_id);


--
-- Name: wallets_posting posting_key_once_per_owner; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_posting
    ADD CONSTRAINT posting_key_once_per_owner UNIQUE (owner_id, key);


--
-- Name: farms_promotion promotion_once_per_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_promotion
    ADD CONSTRAINT promotion_once_per_key UNIQUE (owner_id, key);


--
-- Name: portfolio_rebalancerun rebalance_run_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_rebalancerun
    ADD CONSTRAINT rebalance_run_once UNIQUE (rule_id, key);


--
-- Name: wallets_reconciliation reconciliation_asset_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_reconciliation
    ADD CONSTRAINT reconciliation_asset_once UNIQUE (run_id, asset);


--
-- Name: users_recoverycode recovery_code_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users_recoverycode
    ADD CONSTRAINT recovery_code_once UNIQUE (owner_id, digest);


--
-- Name: wallets_rulerun rule_run_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_rulerun
    ADD CONSTRAINT rule_run_once UNIQUE (rule_id, key);


--
-- Name: users_secondfactor second_factor_once_per_owner; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users_secondfactor
    ADD CONSTRAINT second_factor_once_per_owner UNIQUE (owner_id);


--
-- Name: portfolio_snapshot snapshot_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_snapshot
    ADD CONSTRAINT snapshot_once UNIQUE (scope, base, at);


--
-- Name: portfolio_stay stay_ends_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_stay
    ADD CONSTRAINT stay_ends_once UNIQUE (wallet_id, until);


--
-- Name: farms_strategy strategy_name_once_per_owner; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_strategy
    ADD CONSTRAINT strategy_name_once_per_owner UNIQUE (owner_id, name);


--
-- Name: farms_sweepblock sweepblock_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_sweepblock
    ADD CONSTRAINT sweepblock_once UNIQUE (sweep_id, number);


--
-- Name: alerts_taskfailure task_failure_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alerts_taskfailure
    ADD CONSTRAINT task_failure_once UNIQUE (owner_id, work);


--
-- Name: trading_tradeday trade_day_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_tradeday
    ADD CONSTRAINT trade_day_once UNIQUE (wallet_id, under, day, instrument_id);


--
-- Name: trading_tradeslice trade_slice_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_tradeslice
    ADD CONSTRAINT trade_slice_once UNIQUE (wallet_id, under, instrument_id, by, key);


--
-- Name: trading_tradetotal trade_total_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_tradetotal
    ADD CONSTRAINT trade_total_once UNIQUE (wallet_id, instrument_id);


--
-- Name: trading_aistate trading_aistate_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_aistate
    ADD CONSTRAINT trading_aistate_pkey PRIMARY KEY (id);


--
-- Name: trading_amendment trading_amendment_order_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_amendment
    ADD CONSTRAINT trading_amendment_order_id_key UNIQUE (order_id);


--
-- Name: trading_amendment trading_amendment_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_amendment
    ADD CONSTRAINT trading_amendment_pkey PRIMARY KEY (id);


--
-- Name: trading_cancellation trading_cancellation_order_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_cancellation
    ADD CONSTRAINT trading_cancellation_order_id_key UNIQUE (order_id);


--
-- Name: trading_cancellation trading_cancellation_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_cancellation
    ADD CONSTRAINT trading_cancellation_pkey PRIMARY KEY (id);


--
-- Name: trading_emergencystop trading_emergencystop_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_emergencystop
    ADD CONSTRAINT trading_emergencystop_pkey PRIMARY KEY (id);


--
-- Name: trading_entrylock trading_entrylock_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_entrylock
    ADD CONSTRAINT trading_entrylock_pkey PRIMARY KEY (id);


--
-- Name: trading_fill trading_fill_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_fill
    ADD CONSTRAINT trading_fill_pkey PRIMARY KEY (id);


--
-- Name: trading_fill trading_fill_posting_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_fill
    ADD CONSTRAINT trading_fill_posting_id_key UNIQUE (posting_id);


--
-- Name: trading_heldtotal trading_heldtotal_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_heldtotal
    ADD CONSTRAINT trading_heldtotal_pkey PRIMARY KEY (id);


--
-- Name: trading_masscancellation trading_masscancellation_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_masscancellation
    ADD CONSTRAINT trading_masscancellation_pkey PRIMARY KEY (id);


--
-- Name: trading_order trading_order_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_order
    ADD CONSTRAINT trading_order_pkey PRIMARY KEY (id);


--
-- Name: trading_order trading_order_replaces_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_order
    ADD CONSTRAINT trading_order_replaces_id_key UNIQUE (replaces_id);


--
-- Name: trading_orderevent trading_orderevent_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_orderevent
    ADD CONSTRAINT trading_orderevent_pkey PRIMARY KEY (id, created_at);


--
-- Name: trading_orderevent_rest trading_orderevent_rest_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_orderevent_rest
    ADD CONSTRAINT trading_orderevent_rest_pkey PRIMARY KEY (id, created_at);


--
-- Name: trading_platformlimit trading_platformlimit_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_platformlimit
    ADD CONSTRAINT trading_platformlimit_pkey PRIMARY KEY (id);


--
-- Name: trading_platformlimit trading_platformlimit_platform_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_platformlimit
    ADD CONSTRAINT trading_platformlimit_platform_id_key UNIQUE (platform_id);


--
-- Name: trading_position trading_position_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_position
    ADD CONSTRAINT trading_position_pkey PRIMARY KEY (id);


--
-- Name: trading_riskdecision trading_riskdecision_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_riskdecision
    ADD CONSTRAINT trading_riskdecision_pkey PRIMARY KEY (id, created_at);


--
-- Name: trading_riskdecision_rest trading_riskdecision_rest_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_riskdecision_rest
    ADD CONSTRAINT trading_riskdecision_rest_pkey PRIMARY KEY (id, created_at);


--
-- Name: trading_risklimit trading_risklimit_connection_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_risklimit
    ADD CONSTRAINT trading_risklimit_connection_id_key UNIQUE (connection_id);


--
-- Name: trading_risklimit trading_risklimit_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_risklimit
    ADD CONSTRAINT trading_risklimit_pkey PRIMARY KEY (id);


--
-- Name: trading_risklimit trading_risklimit_wallet_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_risklimit
    ADD CONSTRAINT trading_risklimit_wallet_id_key UNIQUE (wallet_id);


--
-- Name: trading_tradeday trading_tradeday_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_tradeday
    ADD CONSTRAINT trading_tradeday_pkey PRIMARY KEY (id);


--
-- Name: trading_tradeslice trading_tradeslice_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_tradeslice
    ADD CONSTRAINT trading_tradeslice_pkey PRIMARY KEY (id);


--
-- Name: trading_tradetotal trading_tradetotal_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_tradetotal
    ADD CONSTRAINT trading_tradetotal_pkey PRIMARY KEY (id);


--
-- Name: users_recoverycode users_recoverycode_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users_recoverycode
    ADD CONSTRAINT users_recoverycode_pkey PRIMARY KEY (id);


--
-- Name: users_secondfactor users_secondfactor_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users_secondfactor
    ADD CONSTRAINT users_secondfactor_pkey PRIMARY KEY (id);


--
-- Name: users_token users_token_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users_token
    ADD CONSTRAINT users_token_pkey PRIMARY KEY (id);


--
-- Name: users_user users_user_email_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users_user
    ADD CONSTRAINT users_user_email_key UNIQUE (email);


--
-- Name: users_user_groups users_user_groups_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users_user_groups
    ADD CONSTRAINT users_user_groups_pkey PRIMARY KEY (id);


--
-- Name: users_user_groups users_user_groups_user_id_group_id_b88eab82_uniq; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users_user_groups
    ADD CONSTRAINT users_user_groups_user_id_group_id_b88eab82_uniq UNIQUE (user_id, group_id);


--
-- Name: users_user users_user_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users_user
    ADD CONSTRAINT users_user_pkey PRIMARY KEY (id);


--
-- Name: users_user_user_permissions users_user_user_permissions_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users_user_user_permissions
    ADD CONSTRAINT users_user_user_permissions_pkey PRIMARY KEY (id);


--
-- Name: users_user_user_permissions users_user_user_permissions_user_id_permission_id_43338c45_uniq; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users_user_user_permissions
    ADD CONSTRAINT users_user_user_permissions_user_id_permission_id_43338c45_uniq UNIQUE (user_id, permission_id);


--
-- Name: wallets_venueincome venue_income_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_venueincome
    ADD CONSTRAINT venue_income_once UNIQUE (connection_id, venue_id);


--
-- Name: wallets_venuemovement venue_movement_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_venuemovement
    ADD CONSTRAINT venue_movement_once UNIQUE (connection_id, kind, venue_id);


--
-- Name: wallets_venueposition venue_position_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_venueposition
    ADD CONSTRAINT venue_position_once UNIQUE NULLS NOT DISTINCT (connection_id, symbol, side, margin_mode, wallet_id);


--
-- Name: farms_strategyversion version_number_once_per_strategy; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_strategyversion
    ADD CONSTRAINT version_number_once_per_strategy UNIQUE (saved_id, number);


--
-- Name: wallets_wallet wallet_base_identity; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_wallet
    ADD CONSTRAINT wallet_base_identity UNIQUE (id, base_asset);


--
-- Name: wallets_wallet wallet_identity; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_wallet
    ADD CONSTRAINT wallet_identity UNIQUE (id, owner_id);


--
-- Name: wallets_wallet wallet_name_once_per_parent; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_wallet
    ADD CONSTRAINT wallet_name_once_per_parent UNIQUE NULLS NOT DISTINCT (owner_id, parent_id, name);


--
-- Name: wallets_walletrule wallet_rule_once; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_walletrule
    ADD CONSTRAINT wallet_rule_once UNIQUE (wallet_id, kind, every);


--
-- Name: wallets_account wallets_account_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_account
    ADD CONSTRAINT wallets_account_pkey PRIMARY KEY (id);


--
-- Name: wallets_allocationline wallets_allocationline_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_allocationline
    ADD CONSTRAINT wallets_allocationline_pkey PRIMARY KEY (id);


--
-- Name: wallets_connection wallets_connection_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_connection
    ADD CONSTRAINT wallets_connection_pkey PRIMARY KEY (id);


--
-- Name: wallets_credential wallets_credential_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_credential
    ADD CONSTRAINT wallets_credential_pkey PRIMARY KEY (id);


--
-- Name: wallets_credentialfield wallets_credentialfield_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_credentialfield
    ADD CONSTRAINT wallets_credentialfield_pkey PRIMARY KEY (id);


--
-- Name: wallets_demobalance wallets_demobalance_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_demobalance
    ADD CONSTRAINT wallets_demobalance_pkey PRIMARY KEY (id);


--
-- Name: wallets_demofunding wallets_demofunding_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_demofunding
    ADD CONSTRAINT wallets_demofunding_pkey PRIMARY KEY (id);


--
-- Name: wallets_demoorder wallets_demoorder_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_demoorder
    ADD CONSTRAINT wallets_demoorder_pkey PRIMARY KEY (id);


--
-- Name: wallets_demoposition wallets_demoposition_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_demoposition
    ADD CONSTRAINT wallets_demoposition_pkey PRIMARY KEY (id);


--
-- Name: wallets_demotrade wallets_demotrade_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_demotrade
    ADD CONSTRAINT wallets_demotrade_pkey PRIMARY KEY (id);


--
-- Name: wallets_fundallocation wallets_fundallocation_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_fundallocation
    ADD CONSTRAINT wallets_fundallocation_pkey PRIMARY KEY (id);


--
-- Name: wallets_ledgerproof wallets_ledgerproof_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_ledgerproof
    ADD CONSTRAINT wallets_ledgerproof_pkey PRIMARY KEY (id);


--
-- Name: wallets_platform wallets_platform_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_platform
    ADD CONSTRAINT wallets_platform_pkey PRIMARY KEY (slug);


--
-- Name: wallets_posting wallets_posting_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_posting
    ADD CONSTRAINT wallets_posting_pkey PRIMARY KEY (id);


--
-- Name: wallets_proofrun wallets_proofrun_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_proofrun
    ADD CONSTRAINT wallets_proofrun_pkey PRIMARY KEY (id);


--
-- Name: wallets_reconciliation wallets_reconciliation_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_reconciliation
    ADD CONSTRAINT wallets_reconciliation_pkey PRIMARY KEY (id);


--
-- Name: wallets_rulerun wallets_rulerun_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_rulerun
    ADD CONSTRAINT wallets_rulerun_pkey PRIMARY KEY (id);


--
-- Name: wallets_syncrun wallets_syncrun_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_syncrun
    ADD CONSTRAINT wallets_syncrun_pkey PRIMARY KEY (id);


--
-- Name: wallets_syncturn wallets_syncturn_connection_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_syncturn
    ADD CONSTRAINT wallets_syncturn_connection_id_key UNIQUE (connection_id);


--
-- Name: wallets_syncturn wallets_syncturn_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_syncturn
    ADD CONSTRAINT wallets_syncturn_pkey PRIMARY KEY (id);


--
-- Name: wallets_transfer wallets_transfer_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_transfer
    ADD CONSTRAINT wallets_transfer_pkey PRIMARY KEY (id);


--
-- Name: wallets_venueincome wallets_venueincome_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_venueincome
    ADD CONSTRAINT wallets_venueincome_pkey PRIMARY KEY (id);


--
-- Name: wallets_venuemovement wallets_venuemovement_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_venuemovement
    ADD CONSTRAINT wallets_venuemovement_pkey PRIMARY KEY (id);


--
-- Name: wallets_venueposition wallets_venueposition_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_venueposition
    ADD CONSTRAINT wallets_venueposition_pkey PRIMARY KEY (id);


--
-- Name: wallets_wallet wallets_wallet_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_wallet
    ADD CONSTRAINT wallets_wallet_pkey PRIMARY KEY (id);


--
-- Name: wallets_walletrule wallets_walletrule_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_walletrule
    ADD CONSTRAINT wallets_walletrule_pkey PRIMARY KEY (id);


--
-- Name: advice_calls_newest_first; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX advice_calls_newest_first ON public.farms_advicecall USING btree (owner_id, created_at DESC);


--
-- Name: advice_calls_to_make; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX advice_calls_to_make ON public.farms_advicecall USING btree (created_at) WHERE (finished_at IS NULL);


--
-- Name: advice_one_question_at_a_time; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX advice_one_question_at_a_time ON public.farms_advicecall USING btree (owner_id, about) WHERE (finished_at IS NULL);


--
-- Name: advice_proposals_newest_first; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX advice_proposals_newest_first ON public.farms_adviceproposal USING btree (owner_id, created_at DESC);


--
-- Name: advice_proposals_of_agent; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX advice_proposals_of_agent ON public.farms_adviceproposal USING btree (agent_id, created_at DESC);


--
-- Name: advice_proposals_to_settle; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX advice_proposals_to_settle ON public.farms_adviceproposal USING btree (due_at) WHERE (settled_at IS NULL);


--
-- Name: agent_moved_once_per_key; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX agent_moved_once_per_key ON public.farms_agentfarmassignment USING btree (owner_id, key) WHERE (NOT ((key)::text = ''::text));


--
-- Name: agent_running; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX agent_running ON public.farms_agent USING btree (status) WHERE ((status)::text = 'running'::text);


--
-- Name: agent_runs_newest_first; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX agent_runs_newest_first ON ONLY public.farms_agentrun USING btree (agent_id, bar DESC);


--
-- Name: agent_works_in_one_farm; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX agent_works_in_one_farm ON public.farms_agentfarmassignment USING btree (agent_id) WHERE (ended_at IS NULL);


--
-- Name: alert_history; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX alert_history ON public.alerts_alert USING btree (owner_id, resolved_at DESC) WHERE (resolved_at IS NOT NULL);


--
-- Name: alert_newest_first; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX alert_newest_first ON public.alerts_alert USING btree (owner_id, created_at DESC, id DESC);


--
-- Name: alert_open_once; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX alert_open_once ON public.alerts_alert USING btree (owner_id, key) WHERE (resolved_at IS NULL);


--
-- Name: alerts_alert_owner_id_0c00548a; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX alerts_alert_owner_id_0c00548a ON public.alerts_alert USING btree (owner_id);


--
-- Name: alerts_channel_owner_id_54635f0f; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX alerts_channel_owner_id_54635f0f ON public.alerts_channel USING btree (owner_id);


--
-- Name: alerts_delivery_alert_id_527311ab; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX alerts_delivery_alert_id_527311ab ON public.alerts_delivery USING btree (alert_id);


--
-- Name: alerts_delivery_channel_id_8851c777; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX alerts_delivery_channel_id_8851c777 ON public.alerts_delivery USING btree (channel_id);


--
-- Name: alerts_delivery_owner_id_72e83201; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX alerts_delivery_owner_id_72e83201 ON public.alerts_delivery USING btree (owner_id);


--
-- Name: alerts_delivery_platform_alert_id_6b26ebee; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX alerts_delivery_platform_alert_id_6b26ebee ON public.alerts_delivery USING btree (platform_alert_id);


--
-- Name: alerts_mute_owner_id_ba47af22; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX alerts_mute_owner_id_ba47af22 ON public.alerts_mute USING btree (owner_id);


--
-- Name: alerts_platformalert_acknowledged_by_id_b13f1182; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX alerts_platformalert_acknowledged_by_id_b13f1182 ON public.alerts_platformalert USING btree (acknowledged_by_id);


--
-- Name: alerts_taskfailure_owner_id_d2b2b386; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX alerts_taskfailure_owner_id_d2b2b386 ON public.alerts_taskfailure USING btree (owner_id);


--
-- Name: amendment_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX amendment_due ON public.trading_amendment USING btree (due_at) WHERE (closed_at IS NULL);


--
-- Name: approval_asked_once_per_key; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX approval_asked_once_per_key ON public.approvals_approval USING btree (owner_id, token_id, key) WHERE (NOT ((key)::text = ''::text));


--
-- Name: approval_newest_first; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX approval_newest_first ON public.approvals_approval USING btree (owner_id, created_at DESC, id DESC);


--
-- Name: approval_open; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX approval_open ON public.approvals_approval USING btree (owner_id, expires_at) WHERE ((status)::text = 'open'::text);


--
-- Name: approvals_approval_owner_id_687cccf5; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX approvals_approval_owner_id_687cccf5 ON public.approvals_approval USING btree (owner_id);


--
-- Name: approvals_approval_token_id_ad3704d6; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX approvals_approval_token_id_ad3704d6 ON public.approvals_approval USING btree (token_id);


--
-- Name: audit_auditentry_actor_id_8ab278be; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_auditentry_actor_id_8ab278be ON ONLY public.audit_auditentry USING btree (actor_id);


--
-- Name: audit_auditentry_owner_id_2bc3dba0; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_auditentry_owner_id_2bc3dba0 ON ONLY public.audit_auditentry USING btree (owner_id);


--
-- Name: audit_auditentry_rest_actor_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_auditentry_rest_actor_id_idx ON public.audit_auditentry_rest USING btree (actor_id);


--
-- Name: audit_newest_first; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_newest_first ON ONLY public.audit_auditentry USING btree (owner_id, at DESC, id DESC);


--
-- Name: audit_auditentry_rest_owner_id_at_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_auditentry_rest_owner_id_at_id_idx ON public.audit_auditentry_rest USING btree (owner_id, at DESC, id DESC);


--
-- Name: audit_auditentry_rest_owner_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_auditentry_rest_owner_id_idx ON public.audit_auditentry_rest USING btree (owner_id);


--
-- Name: audit_call_owner_id_e91142c7; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_call_owner_id_e91142c7 ON ONLY public.audit_call USING btree (owner_id);


--
-- Name: audit_call_rest_owner_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_call_rest_owner_id_idx ON public.audit_call_rest USING btree (owner_id);


--
-- Name: call_newest_first; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX call_newest_first ON ONLY public.audit_call USING btree (owner_id, token_id, at DESC, id DESC);


--
-- Name: audit_call_rest_owner_id_token_id_at_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX audit_call_rest_owner_id_token_id_at_id_idx ON public.audit_call_rest USING btree (owner_id, token_id, at DESC, id DESC);


--
-- Name: auth_group_name_a6ea08ec_like; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX auth_group_name_a6ea08ec_like ON public.auth_group USING btree (name varchar_pattern_ops);


--
-- Name: auth_group_permissions_group_id_b120cbf9; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX auth_group_permissions_group_id_b120cbf9 ON public.auth_group_permissions USING btree (group_id);


--
-- Name: auth_group_permissions_permission_id_84c5c92e; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX auth_group_permissions_permission_id_84c5c92e ON public.auth_group_permissions USING btree (permission_id);


--
-- Name: auth_permission_content_type_id_2f476e4b; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX auth_permission_content_type_id_2f476e4b ON public.auth_permission USING btree (content_type_id);


--
-- Name: axes_accessattempt_ip_address_10922d9c; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX axes_accessattempt_ip_address_10922d9c ON public.axes_accessattempt USING btree (ip_address);


--
-- Name: axes_accessattempt_user_agent_ad89678b; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX axes_accessattempt_user_agent_ad89678b ON public.axes_accessattempt USING btree (user_agent);


--
-- Name: axes_accessattempt_user_agent_ad89678b_like; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX axes_accessattempt_user_agent_ad89678b_like ON public.axes_accessattempt USING btree (user_agent varchar_pattern_ops);


--
-- Name: axes_accessattempt_username_3f2d4ca0; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX axes_accessattempt_username_3f2d4ca0 ON public.axes_accessattempt USING btree (username);


--
-- Name: axes_accessattempt_username_3f2d4ca0_like; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX axes_accessattempt_username_3f2d4ca0_like ON public.axes_accessattempt USING btree (username varchar_pattern_ops);


--
-- Name: axes_accessfailurelog_ip_address_2e9f5a7f; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX axes_accessfailurelog_ip_address_2e9f5a7f ON public.axes_accessfailurelog USING btree (ip_address);


--
-- Name: axes_accessfailurelog_user_agent_ea145dda; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX axes_accessfailurelog_user_agent_ea145dda ON public.axes_accessfailurelog USING btree (user_agent);


--
-- Name: axes_accessfailurelog_user_agent_ea145dda_like; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX axes_accessfailurelog_user_agent_ea145dda_like ON public.axes_accessfailurelog USING btree (user_agent varchar_pattern_ops);


--
-- Name: axes_accessfailurelog_username_a8b7e8a4; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX axes_accessfailurelog_username_a8b7e8a4 ON public.axes_accessfailurelog USING btree (username);


--
-- Name: axes_accessfailurelog_username_a8b7e8a4_like; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX axes_accessfailurelog_username_a8b7e8a4_like ON public.axes_accessfailurelog USING btree (username varchar_pattern_ops);


--
-- Name: axes_accesslog_ip_address_86b417e5; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX axes_accesslog_ip_address_86b417e5 ON public.axes_accesslog USING btree (ip_address);


--
-- Name: axes_accesslog_user_agent_0e659004; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX axes_accesslog_user_agent_0e659004 ON public.axes_accesslog USING btree (user_agent);


--
-- Name: axes_accesslog_user_agent_0e659004_like; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX axes_accesslog_user_agent_0e659004_like ON public.axes_accesslog USING btree (user_agent varchar_pattern_ops);


--
-- Name: axes_accesslog_username_df93064b; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX axes_accesslog_username_df93064b ON public.axes_accesslog USING btree (username);


--
-- Name: axes_accesslog_username_df93064b_like; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX axes_accesslog_username_df93064b_like ON public.axes_accesslog USING btree (username varchar_pattern_ops);


--
-- Name: backtests_newest_first; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX backtests_newest_first ON public.farms_backtest USING btree (owner_id, created_at DESC);


--
-- Name: backtests_to_do; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX backtests_to_do ON public.farms_backtest USING btree (created_at) WHERE (finished_at IS NULL);


--
-- Name: cancellation_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX cancellation_due ON public.trading_cancellation USING btree (due_at) WHERE (closed_at IS NULL);


--
-- Name: correction_newest_first; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX correction_newest_first ON public.portfolio_correction USING btree (owner_id, created_at DESC, id DESC);


--
-- Name: delivery_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX delivery_due ON public.alerts_delivery USING btree (next_try_at) WHERE ((status)::text = 'waiting'::text);


--
-- Name: delivery_newest_first; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX delivery_newest_first ON public.alerts_delivery USING btree (owner_id, created_at DESC, id DESC);


--
-- Name: demo_funding_to_book; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX demo_funding_to_book ON public.wallets_demofunding USING btree (connection_id) WHERE (NOT is_booked);


--
-- Name: demo_order_resting; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX demo_order_resting ON public.wallets_demoorder USING btree (connection_id, symbol) WHERE ((status)::text = ANY (ARRAY[('open'::character varying)::text, ('partially_filled'::character varying)::text]));


--
-- Name: django_admin_log_content_type_id_c4bce8eb; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX django_admin_log_content_type_id_c4bce8eb ON public.django_admin_log USING btree (content_type_id);


--
-- Name: django_admin_log_user_id_c564eba6; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX django_admin_log_user_id_c564eba6 ON public.django_admin_log USING btree (user_id);


--
-- Name: django_session_expire_date_a5c62663; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX django_session_expire_date_a5c62663 ON public.django_session USING btree (expire_date);


--
-- Name: django_session_session_key_c0390e0f_like; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX django_session_session_key_c0390e0f_like ON public.django_session USING btree (session_key varchar_pattern_ops);


--
-- Name: downloads_newest_first; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX downloads_newest_first ON public.farms_download USING btree (owner_id, created_at DESC);


--
-- Name: downloads_to_do; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX downloads_to_do ON public.farms_download USING btree (created_at) WHERE (finished_at IS NULL);


--
-- Name: entry_lock_in_force; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX entry_lock_in_force ON public.trading_entrylock USING btree (owner_id, until) WHERE (ended_at IS NULL);


--
-- Name: entry_lock_of_wallet; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX entry_lock_of_wallet ON public.trading_entrylock USING btree (wallet_id, until);


--
-- Name: farm_events_newest_first; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farm_events_newest_first ON public.farms_farmevent USING btree (farm_id, created_at DESC);


--
-- Name: farms_advicecall_agent_id_ef58a73e; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_advicecall_agent_id_ef58a73e ON public.farms_advicecall USING btree (agent_id);


--
-- Name: farms_advicecall_endpoint_id_82675d70; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_advicecall_endpoint_id_82675d70 ON public.farms_advicecall USING btree (endpoint_id);


--
-- Name: farms_advicecall_farm_id_891a03bb; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_advicecall_farm_id_891a03bb ON public.farms_advicecall USING btree (farm_id);


--
-- Name: farms_advicecall_instrument_id_8804437f; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_advicecall_instrument_id_8804437f ON public.farms_advicecall USING btree (instrument_id);


--
-- Name: farms_advicecall_owner_id_853e90e8; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_advicecall_owner_id_853e90e8 ON public.farms_advicecall USING btree (owner_id);


--
-- Name: farms_adviceendpoint_name_427dca87_like; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_adviceendpoint_name_427dca87_like ON public.farms_adviceendpoint USING btree (name varchar_pattern_ops);


--
-- Name: farms_advicelevel_owner_id_309bb1ca; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_advicelevel_owner_id_309bb1ca ON public.farms_advicelevel USING btree (owner_id);


--
-- Name: farms_adviceproposal_agent_id_97a85fce; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_adviceproposal_agent_id_97a85fce ON public.farms_adviceproposal USING btree (agent_id);


--
-- Name: farms_adviceproposal_farm_id_96a6fad4; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_adviceproposal_farm_id_96a6fad4 ON public.farms_adviceproposal USING btree (farm_id);


--
-- Name: farms_adviceproposal_instrument_id_9afc1af1; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_adviceproposal_instrument_id_9afc1af1 ON public.farms_adviceproposal USING btree (instrument_id);


--
-- Name: farms_adviceproposal_order_id_c8dd8605; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_adviceproposal_order_id_c8dd8605 ON public.farms_adviceproposal USING btree (order_id);


--
-- Name: farms_adviceproposal_owner_id_a3a27554; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_adviceproposal_owner_id_a3a27554 ON public.farms_adviceproposal USING btree (owner_id);


--
-- Name: farms_advicesetting_endpoint_id_8e4e05d1; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_advicesetting_endpoint_id_8e4e05d1 ON public.farms_advicesetting USING btree (endpoint_id);


--
-- Name: farms_advicesetting_owner_id_14faedf6; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_advicesetting_owner_id_14faedf6 ON public.farms_advicesetting USING btree (owner_id);


--
-- Name: farms_advicewatch_instrument_id_47e3c363; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_advicewatch_instrument_id_47e3c363 ON public.farms_advicewatch USING btree (instrument_id);


--
-- Name: farms_advicewatch_owner_id_6239d3a2; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_advicewatch_owner_id_6239d3a2 ON public.farms_advicewatch USING btree (owner_id);


--
-- Name: farms_agent_farm_id_a0f6c3d9; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_agent_farm_id_a0f6c3d9 ON public.farms_agent USING btree (farm_id);


--
-- Name: farms_agent_instrument_id_c8d4d2a2; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_agent_instrument_id_c8d4d2a2 ON public.farms_agent USING btree (instrument_id);


--
-- Name: farms_agent_owner_id_94de8484; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_agent_owner_id_94de8484 ON public.farms_agent USING btree (owner_id);


--
-- Name: farms_agent_version_id_aa944564; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_agent_version_id_aa944564 ON public.farms_agent USING btree (version_id);


--
-- Name: farms_agentfarmassignment_agent_id_69e7b828; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_agentfarmassignment_agent_id_69e7b828 ON public.farms_agentfarmassignment USING btree (agent_id);


--
-- Name: farms_agentfarmassignment_farm_id_3765786c; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_agentfarmassignment_farm_id_3765786c ON public.farms_agentfarmassignment USING btree (farm_id);


--
-- Name: farms_agentfarmassignment_owner_id_67fd683b; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_agentfarmassignment_owner_id_67fd683b ON public.farms_agentfarmassignment USING btree (owner_id);


--
-- Name: farms_agentrun_instrument_id_ab9e7eec; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_agentrun_instrument_id_ab9e7eec ON ONLY public.farms_agentrun USING btree (instrument_id);


--
-- Name: farms_agentrun_order_id_a9430e05; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_agentrun_order_id_a9430e05 ON ONLY public.farms_agentrun USING btree (order_id);


--
-- Name: farms_agentrun_owner_id_5e53b30f; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_agentrun_owner_id_5e53b30f ON ONLY public.farms_agentrun USING btree (owner_id);


--
-- Name: farms_agentrun_rest_agent_id_bar_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_agentrun_rest_agent_id_bar_idx ON public.farms_agentrun_rest USING btree (agent_id, bar DESC);


--
-- Name: farms_agentrun_rest_instrument_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_agentrun_rest_instrument_id_idx ON public.farms_agentrun_rest USING btree (instrument_id);


--
-- Name: farms_agentrun_rest_order_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_agentrun_rest_order_id_idx ON public.farms_agentrun_rest USING btree (order_id);


--
-- Name: farms_agentrun_rest_owner_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_agentrun_rest_owner_id_idx ON public.farms_agentrun_rest USING btree (owner_id);


--
-- Name: farms_backtest_agent_id_e284fe38; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_backtest_agent_id_e284fe38 ON public.farms_backtest USING btree (agent_id);


--
-- Name: farms_backtest_owner_id_ba31781c; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_backtest_owner_id_ba31781c ON public.farms_backtest USING btree (owner_id);


--
-- Name: farms_backtest_version_id_f129f3b2; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_backtest_version_id_f129f3b2 ON public.farms_backtest USING btree (version_id);


--
-- Name: farms_backtestresult_owner_id_eaac90c8; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_backtestresult_owner_id_eaac90c8 ON public.farms_backtestresult USING btree (owner_id);


--
-- Name: farms_download_owner_id_b4736e3b; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_download_owner_id_b4736e3b ON public.farms_download USING btree (owner_id);


--
-- Name: farms_farm_owner_id_7744f3e7; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_farm_owner_id_7744f3e7 ON public.farms_farm USING btree (owner_id);


--
-- Name: farms_farmevent_agent_id_52165cd1; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_farmevent_agent_id_52165cd1 ON public.farms_farmevent USING btree (agent_id);


--
-- Name: farms_farmevent_farm_id_da9d0efe; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_farmevent_farm_id_da9d0efe ON public.farms_farmevent USING btree (farm_id);


--
-- Name: farms_farmevent_owner_id_b2d55844; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_farmevent_owner_id_b2d55844 ON public.farms_farmevent USING btree (owner_id);


--
-- Name: farms_promotion_owner_id_7d787268; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_promotion_owner_id_7d787268 ON public.farms_promotion USING btree (owner_id);


--
-- Name: farms_promotion_promoted_from_id_c20e4549; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_promotion_promoted_from_id_c20e4549 ON public.farms_promotion USING btree (promoted_from_id);


--
-- Name: farms_promotion_verdict_id_e01582d1; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_promotion_verdict_id_e01582d1 ON public.farms_promotion USING btree (verdict_id);


--
-- Name: farms_strategy_owner_id_e1e62d67; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_strategy_owner_id_e1e62d67 ON public.farms_strategy USING btree (owner_id);


--
-- Name: farms_strategyversion_instrument_id_cbcdfb8a; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_strategyversion_instrument_id_cbcdfb8a ON public.farms_strategyversion USING btree (instrument_id);


--
-- Name: farms_strategyversion_owner_id_923196f0; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_strategyversion_owner_id_923196f0 ON public.farms_strategyversion USING btree (owner_id);


--
-- Name: farms_strategyversion_saved_id_e8b068b5; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_strategyversion_saved_id_e8b068b5 ON public.farms_strategyversion USING btree (saved_id);


--
-- Name: farms_sweep_agent_id_7cf1b1fe; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_sweep_agent_id_7cf1b1fe ON public.farms_sweep USING btree (agent_id);


--
-- Name: farms_sweep_owner_id_48236148; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_sweep_owner_id_48236148 ON public.farms_sweep USING btree (owner_id);


--
-- Name: farms_sweepblock_owner_id_533dfa6f; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_sweepblock_owner_id_533dfa6f ON public.farms_sweepblock USING btree (owner_id);


--
-- Name: farms_sweepblock_sweep_id_9fba9389; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_sweepblock_sweep_id_9fba9389 ON public.farms_sweepblock USING btree (sweep_id);


--
-- Name: farms_sweepresult_owner_id_76745343; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_sweepresult_owner_id_76745343 ON public.farms_sweepresult USING btree (owner_id);


--
-- Name: farms_verdict_backtest_id_3b54f70a; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_verdict_backtest_id_3b54f70a ON public.farms_verdict USING btree (backtest_id);


--
-- Name: farms_verdict_owner_id_1089fee2; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX farms_verdict_owner_id_1089fee2 ON public.farms_verdict USING btree (owner_id);


--
-- Name: fill_by_writing; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX fill_by_writing ON public.trading_fill USING btree (owner_id, written);


--
-- Name: fill_newest_first; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX fill_newest_first ON public.trading_fill USING btree (owner_id, filled_at DESC);


--
-- Name: fill_of_wallet; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX fill_of_wallet ON public.trading_fill USING btree (owner_id, wallet_id, filled_at DESC);


--
-- Name: goal_active; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX goal_active ON public.goals_goal USING btree (owner_id) WHERE ((status)::text = 'active'::text);


--
-- Name: goal_assigned_once; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX goal_assigned_once ON public.goals_goalassignment USING btree (goal_id, wallet_id) NULLS NOT DISTINCT WHERE (until IS NULL);


--
-- Name: goal_key_once_per_owner; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX goal_key_once_per_owner ON public.goals_goal USING btree (owner_id, key) WHERE (NOT ((key)::text = ''::text));


--
-- Name: goal_move_from; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX goal_move_from ON public.goals_goalmove USING btree (owner_id, source_id, created_at);


--
-- Name: goal_of_owner; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX goal_of_owner ON public.goals_goal USING btree (owner_id, status);


--
-- Name: goals_goal_owner_id_2f711ee8; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX goals_goal_owner_id_2f711ee8 ON public.goals_goal USING btree (owner_id);


--
-- Name: goals_goal_renews_id_2e37eea7; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX goals_goal_renews_id_2e37eea7 ON public.goals_goal USING btree (renews_id);


--
-- Name: goals_goalaction_goal_id_c096427d; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX goals_goalaction_goal_id_c096427d ON public.goals_goalaction USING btree (goal_id);


--
-- Name: goals_goalaction_owner_id_90a863e1; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX goals_goalaction_owner_id_90a863e1 ON public.goals_goalaction USING btree (owner_id);


--
-- Name: goals_goalassignment_goal_id_5d5f7a75; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX goals_goalassignment_goal_id_5d5f7a75 ON public.goals_goalassignment USING btree (goal_id);


--
-- Name: goals_goalassignment_owner_id_66f62e36; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX goals_goalassignment_owner_id_66f62e36 ON public.goals_goalassignment USING btree (owner_id);


--
-- Name: goals_goalassignment_wallet_id_394bc580; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX goals_goalassignment_wallet_id_394bc580 ON public.goals_goalassignment USING btree (wallet_id);


--
-- Name: goals_goalcursor_owner_id_efbd49b7; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX goals_goalcursor_owner_id_efbd49b7 ON public.goals_goalcursor USING btree (owner_id);


--
-- Name: goals_goalevent_goal_id_8c522881; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX goals_goalevent_goal_id_8c522881 ON public.goals_goalevent USING btree (goal_id);


--
-- Name: goals_goalevent_owner_id_ca6ea962; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX goals_goalevent_owner_id_ca6ea962 ON public.goals_goalevent USING btree (owner_id);


--
-- Name: goals_goalmove_action_id_fc9fe408; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX goals_goalmove_action_id_fc9fe408 ON public.goals_goalmove USING btree (action_id);


--
-- Name: goals_goalmove_goal_id_ef3500df; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX goals_goalmove_goal_id_ef3500df ON public.goals_goalmove USING btree (goal_id);


--
-- Name: goals_goalmove_owner_id_28610e8e; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX goals_goalmove_owner_id_28610e8e ON public.goals_goalmove USING btree (owner_id);


--
-- Name: goals_goalmove_posting_id_e88fd9ef; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX goals_goalmove_posting_id_e88fd9ef ON public.goals_goalmove USING btree (posting_id);


--
-- Name: goals_goalmove_source_id_ca169fa5; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX goals_goalmove_source_id_ca169fa5 ON public.goals_goalmove USING btree (source_id);


--
-- Name: goals_goalmove_target_id_877cd8e0; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX goals_goalmove_target_id_877cd8e0 ON public.goals_goalmove USING btree (target_id);


--
-- Name: goals_goalprogress_owner_id_ce257ac2; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX goals_goalprogress_owner_id_ce257ac2 ON public.goals_goalprogress USING btree (owner_id);


--
-- Name: goals_goaltotal_goal_id_c006297f; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX goals_goaltotal_goal_id_c006297f ON public.goals_goaltotal USING btree (goal_id);


--
-- Name: goals_goaltotal_owner_id_523dbf1c; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX goals_goaltotal_owner_id_523dbf1c ON public.goals_goaltotal USING btree (owner_id);


--
-- Name: markets_feedstate_name_83ae4b1d_like; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX markets_feedstate_name_83ae4b1d_like ON public.markets_feedstate USING btree (name varchar_pattern_ops);


--
-- Name: markets_instrument_prices_of_id_b58bac28; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX markets_instrument_prices_of_id_b58bac28 ON public.markets_instrument USING btree (prices_of_id);


--
-- Name: markets_keptseries_instrument_id_0bf82ffd; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX markets_keptseries_instrument_id_0bf82ffd ON public.markets_keptseries USING btree (instrument_id);


--
-- Name: order_by_quantity; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX order_by_quantity ON public.trading_order USING btree (owner_id, quantity);


--
-- Name: order_by_status; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX order_by_status ON public.trading_order USING btree (owner_id, status, created_at DESC);


--
-- Name: order_by_venues_number; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX order_by_venues_number ON public.trading_order USING btree (connection_id, venue_order_id) WHERE (NOT ((venue_order_id)::text = ''::text));


--
-- Name: order_by_worth; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX order_by_worth ON public.trading_order USING btree (owner_id, COALESCE((filled_quantity * average_price), (quantity * reference_price)));


--
-- Name: order_client_id_unfinished_once; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX order_client_id_unfinished_once ON public.trading_order USING btree (connection_id, client_order_id) WHERE ((status)::text = ANY (ARRAY[('draft'::character varying)::text, ('open'::character varying)::text, ('partially_filled'::character varying)::text, ('submitting'::character varying)::text, ('uncertain'::character varying)::text, ('waiting'::character varying)::text]));


--
-- Name: order_due; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX order_due ON public.trading_order USING btree (due_at) WHERE ((status)::text = ANY (ARRAY[('draft'::character varying)::text, ('open'::character varying)::text, ('partially_filled'::character varying)::text, ('submitting'::character varying)::text, ('uncertain'::character varying)::text, ('waiting'::character varying)::text]));


--
-- Name: order_gone_wrong; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX order_gone_wrong ON public.trading_order USING btree (owner_id, created_at DESC) WHERE ((status)::text = ANY (ARRAY[('rejected'::character varying)::text, ('uncertain'::character varying)::text]));


--
-- Name: order_good_until; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX order_good_until ON public.trading_order USING btree (expires_at) WHERE (((status)::text = ANY (ARRAY[('draft'::character varying)::text, ('open'::character varying)::text, ('partially_filled'::character varying)::text, ('submitting'::character varying)::text, ('uncertain'::character varying)::text, ('waiting'::character varying)::text])) AND (expires_at IS NOT NULL));


--
-- Name: order_newest_first; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX order_newest_first ON public.trading_order USING btree (owner_id, created_at DESC);


--
-- Name: order_of_instrument; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX order_of_instrument ON public.trading_order USING btree (instrument_id, owner_id, created_at DESC);


--
-- Name: order_of_wallet; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX order_of_wallet ON public.trading_order USING btree (owner_id, wallet_id, created_at DESC);


--
-- Name: order_unfinished; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX order_unfinished ON public.trading_order USING btree (wallet_id, instrument_id) WHERE ((status)::text = ANY (ARRAY[('draft'::character varying)::text, ('open'::character varying)::text, ('partially_filled'::character varying)::text, ('submitting'::character varying)::text, ('uncertain'::character varying)::text, ('waiting'::character varying)::text]));


--
-- Name: order_waiting; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX order_waiting ON public.trading_order USING btree (owner_id) WHERE ((status)::text = 'waiting'::text);


--
-- Name: plan_newest_first; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX plan_newest_first ON public.portfolio_allocationplan USING btree (owner_id, created_at DESC, id DESC);


--
-- Name: platform_alert_open_once; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX platform_alert_open_once ON public.alerts_platformalert USING btree (key) WHERE (resolved_at IS NULL);


--
-- Name: portfolio_allocationplan_owner_id_1d96099c; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX portfolio_allocationplan_owner_id_1d96099c ON public.portfolio_allocationplan USING btree (owner_id);


--
-- Name: portfolio_allocationplan_wallet_id_85a6a4e2; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX portfolio_allocationplan_wallet_id_85a6a4e2 ON public.portfolio_allocationplan USING btree (wallet_id);


--
-- Name: portfolio_correction_owner_id_03d8b351; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX portfolio_correction_owner_id_03d8b351 ON public.portfolio_correction USING btree (owner_id);


--
-- Name: portfolio_correction_wallet_id_3601e5c2; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX portfolio_correction_wallet_id_3601e5c2 ON public.portfolio_correction USING btree (wallet_id);


--
-- Name: portfolio_exposurelevel_limit_id_663f1820; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX portfolio_exposurelevel_limit_id_663f1820 ON public.portfolio_exposurelevel USING btree (limit_id);


--
-- Name: portfolio_exposurelevel_owner_id_abc877da; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX portfolio_exposurelevel_owner_id_abc877da ON public.portfolio_exposurelevel USING btree (owner_id);


--
-- Name: portfolio_exposurelimit_owner_id_ab1db694; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX portfolio_exposurelimit_owner_id_ab1db694 ON public.portfolio_exposurelimit USING btree (owner_id);


--
-- Name: portfolio_exposurelimit_wallet_id_2dc4921f; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX portfolio_exposurelimit_wallet_id_2dc4921f ON public.portfolio_exposurelimit USING btree (wallet_id);


--
-- Name: portfolio_flowmark_owner_id_07bcf7fc; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX portfolio_flowmark_owner_id_07bcf7fc ON public.portfolio_flowmark USING btree (owner_id);


--
-- Name: portfolio_portfoliostate_owner_id_9f12cafa; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX portfolio_portfoliostate_owner_id_9f12cafa ON public.portfolio_portfoliostate USING btree (owner_id);


--
-- Name: portfolio_rebalancerule_owner_id_69083c73; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX portfolio_rebalancerule_owner_id_69083c73 ON public.portfolio_rebalancerule USING btree (owner_id);


--
-- Name: portfolio_rebalancerun_allocation_id_d227426e; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX portfolio_rebalancerun_allocation_id_d227426e ON public.portfolio_rebalancerun USING btree (allocation_id);


--
-- Name: portfolio_rebalancerun_owner_id_185972b7; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX portfolio_rebalancerun_owner_id_185972b7 ON public.portfolio_rebalancerun USING btree (owner_id);


--
-- Name: portfolio_rebalancerun_rule_id_4fa08cd4; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX portfolio_rebalancerun_rule_id_4fa08cd4 ON public.portfolio_rebalancerun USING btree (rule_id);


--
-- Name: portfolio_stay_owner_id_f2a039b1; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX portfolio_stay_owner_id_f2a039b1 ON public.portfolio_stay USING btree (owner_id);


--
-- Name: portfolio_stay_under_id_5d2c41be; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX portfolio_stay_under_id_5d2c41be ON public.portfolio_stay USING btree (under_id);


--
-- Name: position_closed_newest_first; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX position_closed_newest_first ON public.trading_position USING btree (owner_id, closed_at DESC);


--
-- Name: position_of_instrument; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX position_of_instrument ON public.trading_position USING btree (instrument_id, owner_id, closed_at DESC);


--
-- Name: position_of_wallet; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX position_of_wallet ON public.trading_position USING btree (owner_id, wallet_id, closed_at DESC);


--
-- Name: position_open_once; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX position_open_once ON public.trading_position USING btree (wallet_id, instrument_id) WHERE (closed_at IS NULL);


--
-- Name: position_opened_newest_first; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX position_opened_newest_first ON public.trading_position USING btree (owner_id, opened_at DESC);


--
-- Name: position_short_of_margin; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX position_short_of_margin ON public.trading_position USING btree (owner_id) WHERE (margin_shortfall > (0)::numeric);


--
-- Name: proof_newest_first; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX proof_newest_first ON public.wallets_ledgerproof USING btree (owner_id, checked_at DESC);


--
-- Name: rebalance_rule_on; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX rebalance_rule_on ON public.portfolio_rebalancerule USING btree (owner_id) WHERE is_on;


--
-- Name: rebalance_run_open; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX rebalance_run_open ON public.portfolio_rebalancerun USING btree (owner_id) WHERE ((status)::text = ANY (ARRAY[('due'::character varying)::text, ('waiting'::character varying)::text]));


--
-- Name: rebalance_run_waits_alone; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX rebalance_run_waits_alone ON public.portfolio_rebalancerun USING btree (rule_id) WHERE ((status)::text = 'waiting'::text);


--
-- Name: rebalance_runs_newest_first; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX rebalance_runs_newest_first ON public.portfolio_rebalancerun USING btree (owner_id, created_at DESC, id DESC);


--
-- Name: rebalance_runs_of_rule; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX rebalance_runs_of_rule ON public.portfolio_rebalancerun USING btree (rule_id, created_at DESC);


--
-- Name: rule_runs_newest_first; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX rule_runs_newest_first ON public.wallets_rulerun USING btree (rule_id, created_at DESC);


--
-- Name: stop_under_way_once; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX stop_under_way_once ON public.trading_emergencystop USING btree (wallet_id) WHERE ((status)::text = 'running'::text);


--
-- Name: strategy_key_once_per_owner; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX strategy_key_once_per_owner ON public.farms_strategy USING btree (owner_id, key) WHERE (NOT ((key)::text = ''::text));


--
-- Name: sweepblocks_to_do; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sweepblocks_to_do ON public.farms_sweepblock USING btree (created_at) WHERE (finished_at IS NULL);


--
-- Name: sweeps_newest_first; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sweeps_newest_first ON public.farms_sweep USING btree (owner_id, created_at DESC);


--
-- Name: sweeps_to_do; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sweeps_to_do ON public.farms_sweep USING btree (created_at) WHERE (finished_at IS NULL);


--
-- Name: sync_newest_first; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX sync_newest_first ON public.wallets_syncrun USING btree (connection_id, created_at DESC);


--
-- Name: tokens_newest_first; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX tokens_newest_first ON public.users_token USING btree (owner_id, created_at DESC);


--
-- Name: trade_by_closing; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trade_by_closing ON public.trading_position USING btree (owner_id, closed_in) WHERE (closed_at IS NOT NULL);


--
-- Name: trade_by_duration; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trade_by_duration ON public.trading_position USING btree (owner_id, ((closed_at - opened_at))) WHERE (closed_at IS NOT NULL);


--
-- Name: trade_by_fees; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trade_by_fees ON public.trading_position USING btree (owner_id, fees) WHERE (closed_at IS NOT NULL);


--
-- Name: trade_by_profit; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trade_by_profit ON public.trading_position USING btree (owner_id, realized_pnl) WHERE (closed_at IS NOT NULL);


--
-- Name: trade_by_return; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trade_by_return ON public.trading_position USING btree (owner_id, ((realized_pnl / NULLIF((entry_quantity * entry_price), (0)::numeric)))) WHERE (closed_at IS NOT NULL);


--
-- Name: trade_day_of_owner; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trade_day_of_owner ON public.trading_tradeday USING btree (owner_id, day);


--
-- Name: trade_day_of_place; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trade_day_of_place ON public.trading_tradeday USING btree (owner_id, under, day);


--
-- Name: trade_of_pair; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trade_of_pair ON public.trading_position USING btree (wallet_id, instrument_id, closed_at DESC) WHERE (closed_at IS NOT NULL);


--
-- Name: trade_slice_of_farm; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trade_slice_of_farm ON public.trading_tradeslice USING btree (owner_id, under);


--
-- Name: trading_aistate_owner_id_535b2e17; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trading_aistate_owner_id_535b2e17 ON public.trading_aistate USING btree (owner_id);


--
-- Name: trading_aistate_wallet_id_474d75e1; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trading_aistate_wallet_id_474d75e1 ON public.trading_aistate USING btree (wallet_id);


--
-- Name: trading_amendment_owner_id_e53721e8; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trading_amendment_owner_id_e53721e8 ON public.trading_amendment USING btree (owner_id);


--
-- Name: trading_cancellation_owner_id_44d5681b; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trading_cancellation_owner_id_44d5681b ON public.trading_cancellation USING btree (owner_id);


--
-- Name: trading_emergencystop_owner_id_160da0b0; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trading_emergencystop_owner_id_160da0b0 ON public.trading_emergencystop USING btree (owner_id);


--
-- Name: trading_emergencystop_wallet_id_f6f9ad6f; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trading_emergencystop_wallet_id_f6f9ad6f ON public.trading_emergencystop USING btree (wallet_id);


--
-- Name: trading_entrylock_owner_id_14c36660; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trading_entrylock_owner_id_14c36660 ON public.trading_entrylock USING btree (owner_id);


--
-- Name: trading_fill_connection_id_193ab20c; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trading_fill_connection_id_193ab20c ON public.trading_fill USING btree (connection_id);


--
-- Name: trading_fill_instrument_id_f2c5a6e5; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trading_fill_instrument_id_f2c5a6e5 ON public.trading_fill USING btree (instrument_id);


--
-- Name: trading_fill_order_id_01337fa8; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trading_fill_order_id_01337fa8 ON public.trading_fill USING btree (order_id);


--
-- Name: trading_fill_owner_id_d199d86e; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trading_fill_owner_id_d199d86e ON public.trading_fill USING btree (owner_id);


--
-- Name: trading_masscancellation_owner_id_1eddfe9d; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trading_masscancellation_owner_id_1eddfe9d ON public.trading_masscancellation USING btree (owner_id);


--
-- Name: trading_order_hold_id_287f49e4; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trading_order_hold_id_287f49e4 ON public.trading_order USING btree (hold_id);


--
-- Name: trading_order_protects_id_d849777e; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trading_order_protects_id_d849777e ON public.trading_order USING btree (protects_id);


--
-- Name: trading_orderevent_order_id_2791c525; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trading_orderevent_order_id_2791c525 ON ONLY public.trading_orderevent USING btree (order_id);


--
-- Name: trading_orderevent_owner_id_98da209e; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trading_orderevent_owner_id_98da209e ON ONLY public.trading_orderevent USING btree (owner_id);


--
-- Name: trading_orderevent_rest_order_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trading_orderevent_rest_order_id_idx ON public.trading_orderevent_rest USING btree (order_id);


--
-- Name: trading_orderevent_rest_owner_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trading_orderevent_rest_owner_id_idx ON public.trading_orderevent_rest USING btree (owner_id);


--
-- Name: trading_platformlimit_platform_id_43c3a874_like; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trading_platformlimit_platform_id_43c3a874_like ON public.trading_platformlimit USING btree (platform_id varchar_pattern_ops);


--
-- Name: trading_position_hold_id_048d34ac; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trading_position_hold_id_048d34ac ON public.trading_position USING btree (hold_id);


--
-- Name: trading_position_owner_id_211c7ca0; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trading_position_owner_id_211c7ca0 ON public.trading_position USING btree (owner_id);


--
-- Name: trading_riskdecision_order_id_9a74d5a7; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trading_riskdecision_order_id_9a74d5a7 ON ONLY public.trading_riskdecision USING btree (order_id);


--
-- Name: trading_riskdecision_owner_id_ba368ddc; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trading_riskdecision_owner_id_ba368ddc ON ONLY public.trading_riskdecision USING btree (owner_id);


--
-- Name: trading_riskdecision_rest_order_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trading_riskdecision_rest_order_id_idx ON public.trading_riskdecision_rest USING btree (order_id);


--
-- Name: trading_riskdecision_rest_owner_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trading_riskdecision_rest_owner_id_idx ON public.trading_riskdecision_rest USING btree (owner_id);


--
-- Name: trading_risklimit_owner_id_c8cb452c; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trading_risklimit_owner_id_c8cb452c ON public.trading_risklimit USING btree (owner_id);


--
-- Name: trading_tradeday_owner_id_e2fe3585; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trading_tradeday_owner_id_e2fe3585 ON public.trading_tradeday USING btree (owner_id);


--
-- Name: trading_tradeslice_owner_id_ec91a410; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trading_tradeslice_owner_id_ec91a410 ON public.trading_tradeslice USING btree (owner_id);


--
-- Name: trading_tradetotal_owner_id_d0046aa2; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX trading_tradetotal_owner_id_d0046aa2 ON public.trading_tradetotal USING btree (owner_id);


--
-- Name: transfer_credit_link; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX transfer_credit_link ON public.wallets_transfer USING btree (credit_id, credit_version) WHERE (credit_version IS NOT NULL);


--
-- Name: transfer_debit_link; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX transfer_debit_link ON public.wallets_transfer USING btree (debit_id, debit_version) WHERE (debit_version IS NOT NULL);


--
-- Name: transfer_hold_link; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX transfer_hold_link ON public.wallets_transfer USING btree (debit_id, held_version) WHERE (held_version IS NOT NULL);


--
-- Name: transfer_newest_first; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX transfer_newest_first ON public.wallets_transfer USING btree (owner_id, created_at DESC, id DESC);


--
-- Name: transfer_pending; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX transfer_pending ON public.wallets_transfer USING btree (debit_id, created_at) WHERE ((phase)::text = 'pending'::text);


--
-- Name: transfer_resolved_once; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX transfer_resolved_once ON public.wallets_transfer USING btree (pending_id) WHERE (pending_id IS NOT NULL);


--
-- Name: users_email_case_insensitive; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX users_email_case_insensitive ON public.users_user USING btree (lower((email)::text));


--
-- Name: users_recoverycode_owner_id_19f166a0; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX users_recoverycode_owner_id_19f166a0 ON public.users_recoverycode USING btree (owner_id);


--
-- Name: users_secondfactor_owner_id_c003492f; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX users_secondfactor_owner_id_c003492f ON public.users_secondfactor USING btree (owner_id);


--
-- Name: users_token_owner_id_271da2fc; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX users_token_owner_id_271da2fc ON public.users_token USING btree (owner_id);


--
-- Name: users_user_email_243f6e77_like; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX users_user_email_243f6e77_like ON public.users_user USING btree (email varchar_pattern_ops);


--
-- Name: users_user_groups_group_id_9afc8d0e; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX users_user_groups_group_id_9afc8d0e ON public.users_user_groups USING btree (group_id);


--
-- Name: users_user_groups_user_id_5f6f5a90; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX users_user_groups_user_id_5f6f5a90 ON public.users_user_groups USING btree (user_id);


--
-- Name: users_user_user_permissions_permission_id_0b93982e; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX users_user_user_permissions_permission_id_0b93982e ON public.users_user_user_permissions USING btree (permission_id);


--
-- Name: users_user_user_permissions_user_id_20aca447; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX users_user_user_permissions_user_id_20aca447 ON public.users_user_user_permissions USING btree (user_id);


--
-- Name: venue_income_newest_first; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX venue_income_newest_first ON public.wallets_venueincome USING btree (connection_id, at DESC);


--
-- Name: venue_income_waiting; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX venue_income_waiting ON public.wallets_venueincome USING btree (connection_id) WHERE ((status)::text = 'waiting'::text);


--
-- Name: venue_movement_newest_first; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX venue_movement_newest_first ON public.wallets_venuemovement USING btree (connection_id, at DESC);


--
-- Name: wallet_pool_once_per_master; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX wallet_pool_once_per_master ON public.wallets_wallet USING btree (parent_id) WHERE ((role)::text = 'pool'::text);


--
-- Name: wallet_rule_on; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallet_rule_on ON public.wallets_walletrule USING btree (owner_id) WHERE is_on;


--
-- Name: wallet_unassigned_once_per_connection; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX wallet_unassigned_once_per_connection ON public.wallets_wallet USING btree (connection_id) WHERE ((archived_at IS NULL) AND ((role)::text = 'unassigned'::text));


--
-- Name: wallets_allocationline_allocation_id_ce04cbb1; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_allocationline_allocation_id_ce04cbb1 ON public.wallets_allocationline USING btree (allocation_id);


--
-- Name: wallets_allocationline_owner_id_a54bad11; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_allocationline_owner_id_a54bad11 ON public.wallets_allocationline USING btree (owner_id);


--
-- Name: wallets_allocationline_source_id_961199b1; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_allocationline_source_id_961199b1 ON public.wallets_allocationline USING btree (source_id);


--
-- Name: wallets_allocationline_target_id_be3cf57a; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_allocationline_target_id_be3cf57a ON public.wallets_allocationline USING btree (target_id);


--
-- Name: wallets_connection_deposits_to_id_02271696; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_connection_deposits_to_id_02271696 ON public.wallets_connection USING btree (deposits_to_id);


--
-- Name: wallets_connection_derivatives_to_id_aaabbfa2; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_connection_derivatives_to_id_aaabbfa2 ON public.wallets_connection USING btree (derivatives_to_id);


--
-- Name: wallets_connection_owner_id_27227bec; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_connection_owner_id_27227bec ON public.wallets_connection USING btree (owner_id);


--
-- Name: wallets_connection_platform_id_03a2083b; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_connection_platform_id_03a2083b ON public.wallets_connection USING btree (platform_id);


--
-- Name: wallets_connection_platform_id_03a2083b_like; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_connection_platform_id_03a2083b_like ON public.wallets_connection USING btree (platform_id varchar_pattern_ops);


--
-- Name: wallets_connection_withdrawals_from_id_6690d29d; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_connection_withdrawals_from_id_6690d29d ON public.wallets_connection USING btree (withdrawals_from_id);


--
-- Name: wallets_credential_connection_id_74a241fb; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_credential_connection_id_74a241fb ON public.wallets_credential USING btree (connection_id);


--
-- Name: wallets_credential_owner_id_579fc4ed; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_credential_owner_id_579fc4ed ON public.wallets_credential USING btree (owner_id);


--
-- Name: wallets_credentialfield_platform_id_d79cded5; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_credentialfield_platform_id_d79cded5 ON public.wallets_credentialfield USING btree (platform_id);


--
-- Name: wallets_credentialfield_platform_id_d79cded5_like; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_credentialfield_platform_id_d79cded5_like ON public.wallets_credentialfield USING btree (platform_id varchar_pattern_ops);


--
-- Name: wallets_demobalance_connection_id_78ec441b; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_demobalance_connection_id_78ec441b ON public.wallets_demobalance USING btree (connection_id);


--
-- Name: wallets_demobalance_owner_id_fc4dcb66; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_demobalance_owner_id_fc4dcb66 ON public.wallets_demobalance USING btree (owner_id);


--
-- Name: wallets_demofunding_connection_id_27191b72; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_demofunding_connection_id_27191b72 ON public.wallets_demofunding USING btree (connection_id);


--
-- Name: wallets_demofunding_owner_id_d472bf4c; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_demofunding_owner_id_d472bf4c ON public.wallets_demofunding USING btree (owner_id);


--
-- Name: wallets_demoorder_connection_id_a4db9cbf; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_demoorder_connection_id_a4db9cbf ON public.wallets_demoorder USING btree (connection_id);


--
-- Name: wallets_demoorder_owner_id_cc99406f; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_demoorder_owner_id_cc99406f ON public.wallets_demoorder USING btree (owner_id);


--
-- Name: wallets_demoposition_connection_id_357e61a4; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_demoposition_connection_id_357e61a4 ON public.wallets_demoposition USING btree (connection_id);


--
-- Name: wallets_demoposition_owner_id_a50f2c63; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_demoposition_owner_id_a50f2c63 ON public.wallets_demoposition USING btree (owner_id);


--
-- Name: wallets_demotrade_order_id_eff0ea44; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_demotrade_order_id_eff0ea44 ON public.wallets_demotrade USING btree (order_id);


--
-- Name: wallets_demotrade_owner_id_0513f329; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_demotrade_owner_id_0513f329 ON public.wallets_demotrade USING btree (owner_id);


--
-- Name: wallets_fundallocation_owner_id_34eeb560; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_fundallocation_owner_id_34eeb560 ON public.wallets_fundallocation USING btree (owner_id);


--
-- Name: wallets_fundallocation_posting_id_cabdf7d3; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_fundallocation_posting_id_cabdf7d3 ON public.wallets_fundallocation USING btree (posting_id);


--
-- Name: wallets_fundallocation_source_id_828fdbef; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_fundallocation_source_id_828fdbef ON public.wallets_fundallocation USING btree (source_id);


--
-- Name: wallets_fundallocation_target_id_e5043026; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_fundallocation_target_id_e5043026 ON public.wallets_fundallocation USING btree (target_id);


--
-- Name: wallets_ledgerproof_owner_id_3242e59f; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_ledgerproof_owner_id_3242e59f ON public.wallets_ledgerproof USING btree (owner_id);


--
-- Name: wallets_platform_slug_f36ef564_like; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_platform_slug_f36ef564_like ON public.wallets_platform USING btree (slug varchar_pattern_ops);


--
-- Name: wallets_reconciliation_owner_id_11387c35; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_reconciliation_owner_id_11387c35 ON public.wallets_reconciliation USING btree (owner_id);


--
-- Name: wallets_reconciliation_run_id_51a68ca2; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_reconciliation_run_id_51a68ca2 ON public.wallets_reconciliation USING btree (run_id);


--
-- Name: wallets_rulerun_allocation_id_316bbca7; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_rulerun_allocation_id_316bbca7 ON public.wallets_rulerun USING btree (allocation_id);


--
-- Name: wallets_rulerun_owner_id_628e8110; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_rulerun_owner_id_628e8110 ON public.wallets_rulerun USING btree (owner_id);


--
-- Name: wallets_rulerun_rule_id_4c598052; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_rulerun_rule_id_4c598052 ON public.wallets_rulerun USING btree (rule_id);


--
-- Name: wallets_syncrun_connection_id_708ac631; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_syncrun_connection_id_708ac631 ON public.wallets_syncrun USING btree (connection_id);


--
-- Name: wallets_syncrun_owner_id_808a3bd3; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_syncrun_owner_id_808a3bd3 ON public.wallets_syncrun USING btree (owner_id);


--
-- Name: wallets_syncturn_owner_id_26a64e9e; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_syncturn_owner_id_26a64e9e ON public.wallets_syncturn USING btree (owner_id);


--
-- Name: wallets_transfer_posting_id_3edb3e18; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_transfer_posting_id_3edb3e18 ON public.wallets_transfer USING btree (posting_id);


--
-- Name: wallets_venueincome_connection_id_3e108ee4; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_venueincome_connection_id_3e108ee4 ON public.wallets_venueincome USING btree (connection_id);


--
-- Name: wallets_venueincome_owner_id_4dcf9f4c; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_venueincome_owner_id_4dcf9f4c ON public.wallets_venueincome USING btree (owner_id);


--
-- Name: wallets_venueincome_posting_id_be3b26a7; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_venueincome_posting_id_be3b26a7 ON public.wallets_venueincome USING btree (posting_id);


--
-- Name: wallets_venueincome_wallet_id_a1419051; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_venueincome_wallet_id_a1419051 ON public.wallets_venueincome USING btree (wallet_id);


--
-- Name: wallets_venuemovement_connection_id_8cd788c9; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_venuemovement_connection_id_8cd788c9 ON public.wallets_venuemovement USING btree (connection_id);


--
-- Name: wallets_venuemovement_owner_id_f8419d6d; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_venuemovement_owner_id_f8419d6d ON public.wallets_venuemovement USING btree (owner_id);


--
-- Name: wallets_venuemovement_posting_id_901460fb; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_venuemovement_posting_id_901460fb ON public.wallets_venuemovement USING btree (posting_id);


--
-- Name: wallets_venuemovement_wallet_id_96ec3b76; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_venuemovement_wallet_id_96ec3b76 ON public.wallets_venuemovement USING btree (wallet_id);


--
-- Name: wallets_venueposition_connection_id_2766978d; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_venueposition_connection_id_2766978d ON public.wallets_venueposition USING btree (connection_id);


--
-- Name: wallets_venueposition_owner_id_a18e4638; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_venueposition_owner_id_a18e4638 ON public.wallets_venueposition USING btree (owner_id);


--
-- Name: wallets_venueposition_wallet_id_845d5c5f; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_venueposition_wallet_id_845d5c5f ON public.wallets_venueposition USING btree (wallet_id);


--
-- Name: wallets_wallet_connection_id_70b3ac06; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_wallet_connection_id_70b3ac06 ON public.wallets_wallet USING btree (connection_id);


--
-- Name: wallets_wallet_parent_id_7493c2d3; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_wallet_parent_id_7493c2d3 ON public.wallets_wallet USING btree (parent_id);


--
-- Name: wallets_walletrule_owner_id_f18a9bc4; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_walletrule_owner_id_f18a9bc4 ON public.wallets_walletrule USING btree (owner_id);


--
-- Name: wallets_walletrule_wallet_id_9c9052ba; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX wallets_walletrule_wallet_id_9c9052ba ON public.wallets_walletrule USING btree (wallet_id);


--
-- Name: audit_auditentry_rest_actor_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.audit_auditentry_actor_id_8ab278be ATTACH PARTITION public.audit_auditentry_rest_actor_id_idx;


--
-- Name: audit_auditentry_rest_owner_id_at_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.audit_newest_first ATTACH PARTITION public.audit_auditentry_rest_owner_id_at_id_idx;


--
-- Name: audit_auditentry_rest_owner_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.audit_auditentry_owner_id_2bc3dba0 ATTACH PARTITION public.audit_auditentry_rest_owner_id_idx;


--
-- Name: audit_auditentry_rest_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.audit_auditentry_pkey ATTACH PARTITION public.audit_auditentry_rest_pkey;


--
-- Name: audit_call_rest_owner_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.audit_call_owner_id_e91142c7 ATTACH PARTITION public.audit_call_rest_owner_id_idx;


--
-- Name: audit_call_rest_owner_id_token_id_at_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.call_newest_first ATTACH PARTITION public.audit_call_rest_owner_id_token_id_at_id_idx;


--
-- Name: audit_call_rest_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.audit_call_pkey ATTACH PARTITION public.audit_call_rest_pkey;


--
-- Name: farms_agentrun_rest_agent_id_bar_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.agent_runs_newest_first ATTACH PARTITION public.farms_agentrun_rest_agent_id_bar_idx;


--
-- Name: farms_agentrun_rest_agent_id_instrument_id_bar_key; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.agent_runs_once_per_bar ATTACH PARTITION public.farms_agentrun_rest_agent_id_instrument_id_bar_key;


--
-- Name: farms_agentrun_rest_instrument_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.farms_agentrun_instrument_id_ab9e7eec ATTACH PARTITION public.farms_agentrun_rest_instrument_id_idx;


--
-- Name: farms_agentrun_rest_order_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.farms_agentrun_order_id_a9430e05 ATTACH PARTITION public.farms_agentrun_rest_order_id_idx;


--
-- Name: farms_agentrun_rest_owner_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.farms_agentrun_owner_id_5e53b30f ATTACH PARTITION public.farms_agentrun_rest_owner_id_idx;


--
-- Name: farms_agentrun_rest_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.farms_agentrun_pkey ATTACH PARTITION public.farms_agentrun_rest_pkey;


--
-- Name: trading_orderevent_rest_order_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.trading_orderevent_order_id_2791c525 ATTACH PARTITION public.trading_orderevent_rest_order_id_idx;


--
-- Name: trading_orderevent_rest_owner_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.trading_orderevent_owner_id_98da209e ATTACH PARTITION public.trading_orderevent_rest_owner_id_idx;


--
-- Name: trading_orderevent_rest_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.trading_orderevent_pkey ATTACH PARTITION public.trading_orderevent_rest_pkey;


--
-- Name: trading_riskdecision_rest_order_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.trading_riskdecision_order_id_9a74d5a7 ATTACH PARTITION public.trading_riskdecision_rest_order_id_idx;


--
-- Name: trading_riskdecision_rest_owner_id_idx; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.trading_riskdecision_owner_id_ba368ddc ATTACH PARTITION public.trading_riskdecision_rest_owner_id_idx;


--
-- Name: trading_riskdecision_rest_pkey; Type: INDEX ATTACH; Schema: public; Owner: -
--

ALTER INDEX public.trading_riskdecision_pkey ATTACH PARTITION public.trading_riskdecision_rest_pkey;


--
-- Name: wallets_allocationline agrees; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER agrees BEFORE INSERT ON public.wallets_allocationline FOR EACH ROW EXECUTE FUNCTION public.ledger_check_line();


--
-- Name: wallets_fundallocation agrees; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER agrees BEFORE INSERT OR DELETE OR UPDATE ON public.wallets_fundallocation FOR EACH ROW EXECUTE FUNCTION public.ledger_check_allocation();


--
-- Name: audit_auditentry append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.audit_auditentry FOR EACH ROW EXECUTE FUNCTION public.refuse_change();


--
-- Name: audit_call append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.audit_call FOR EACH ROW EXECUTE FUNCTION public.refuse_change();


--
-- Name: farms_agentrun append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.farms_agentrun FOR EACH ROW EXECUTE FUNCTION public.refuse_change();


--
-- Name: farms_backtestresult append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.farms_backtestresult FOR EACH ROW EXECUTE FUNCTION public.refuse_change();


--
-- Name: farms_farmevent append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.farms_farmevent FOR EACH ROW EXECUTE FUNCTION public.refuse_change();


--
-- Name: farms_promotion append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.farms_promotion FOR EACH ROW EXECUTE FUNCTION public.refuse_change();


--
-- Name: farms_strategyversion append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.farms_strategyversion FOR EACH ROW EXECUTE FUNCTION public.refuse_change();


--
-- Name: farms_sweepresult append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.farms_sweepresult FOR EACH ROW EXECUTE FUNCTION public.refuse_change();


--
-- Name: farms_verdict append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.farms_verdict FOR EACH ROW EXECUTE FUNCTION public.refuse_change();


--
-- Name: goals_goalevent append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.goals_goalevent FOR EACH ROW EXECUTE FUNCTION public.refuse_change();


--
-- Name: goals_goalmove append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.goals_goalmove FOR EACH ROW EXECUTE FUNCTION public.refuse_change();


--
-- Name: portfolio_stay append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.portfolio_stay FOR EACH ROW EXECUTE FUNCTION public.refuse_change();


--
-- Name: trading_aistate append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.trading_aistate FOR EACH ROW EXECUTE FUNCTION public.refuse_change();


--
-- Name: trading_cancellation append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE ON public.trading_cancellation FOR EACH ROW EXECUTE FUNCTION public.trading_refuse_change();


--
-- Name: trading_fill append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.trading_fill FOR EACH ROW EXECUTE FUNCTION public.trading_refuse_change();


--
-- Name: trading_masscancellation append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.trading_masscancellation FOR EACH ROW EXECUTE FUNCTION public.refuse_change();


--
-- Name: trading_order append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE ON public.trading_order FOR EACH ROW EXECUTE FUNCTION public.trading_refuse_change();


--
-- Name: trading_orderevent append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.trading_orderevent FOR EACH ROW EXECUTE FUNCTION public.refuse_change();


--
-- Name: trading_riskdecision append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.trading_riskdecision FOR EACH ROW EXECUTE FUNCTION public.refuse_change();


--
-- Name: wallets_account append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON public.wallets_account FOR EACH STATEMENT EXECUTE FUNCTION public.ledger_refuse_change();


--
-- Name: wallets_allocationline append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE TRUNCATE ON public.wallets_allocationline FOR EACH STATEMENT EXECUTE FUNCTION public.ledger_refuse_change();


--
-- Name: wallets_fundallocation append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE TRUNCATE ON public.wallets_fundallocation FOR EACH STATEMENT EXECUTE FUNCTION public.ledger_refuse_change();


--
-- Name: wallets_posting append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.wallets_posting FOR EACH STATEMENT EXECUTE FUNCTION public.ledger_refuse_change();


--
-- Name: wallets_rulerun append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE ON public.wallets_rulerun FOR EACH ROW EXECUTE FUNCTION public.refuse_change();


--
-- Name: wallets_transfer append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.wallets_transfer FOR EACH STATEMENT EXECUTE FUNCTION public.ledger_refuse_change();


--
-- Name: audit_auditentry append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.audit_auditentry FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: audit_call append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.audit_call FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: farms_agentrun append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.farms_agentrun FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: farms_backtestresult append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.farms_backtestresult FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: farms_farmevent append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.farms_farmevent FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: farms_promotion append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.farms_promotion FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: farms_strategyversion append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.farms_strategyversion FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: farms_sweepresult append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.farms_sweepresult FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: farms_verdict append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.farms_verdict FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: goals_goalevent append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.goals_goalevent FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: goals_goalmove append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.goals_goalmove FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: portfolio_stay append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.portfolio_stay FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: trading_aistate append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.trading_aistate FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: trading_cancellation append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.trading_cancellation FOR EACH STATEMENT EXECUTE FUNCTION public.trading_refuse_change();


--
-- Name: trading_fill append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.trading_fill FOR EACH STATEMENT EXECUTE FUNCTION public.trading_refuse_change();


--
-- Name: trading_masscancellation append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.trading_masscancellation FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: trading_order append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.trading_order FOR EACH STATEMENT EXECUTE FUNCTION public.trading_refuse_change();


--
-- Name: trading_orderevent append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.trading_orderevent FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: trading_riskdecision append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.trading_riskdecision FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: wallets_rulerun append_only_truncate; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON public.wallets_rulerun FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_change();


--
-- Name: wallets_account by_transfers_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER by_transfers_only BEFORE UPDATE ON public.wallets_account FOR EACH STATEMENT EXECUTE FUNCTION public.ledger_refuse_direct_change();


--
-- Name: portfolio_snapshot corrected; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER corrected BEFORE UPDATE ON public.portfolio_snapshot FOR EACH ROW WHEN ((((new.equity IS DISTINCT FROM old.equity) OR (new.equity_before IS DISTINCT FROM old.equity_before)) AND (new.equity_before IS DISTINCT FROM COALESCE(old.equity_before, old.equity)))) EXECUTE FUNCTION public.portfolio_refuse_rewriting();


--
-- Name: farms_agent follow_version; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER follow_version BEFORE INSERT OR UPDATE OF version_id, strategy, parameters, owner_id, status ON public.farms_agent FOR EACH ROW EXECUTE FUNCTION public.follow_version();


--
-- Name: portfolio_snapshot follows; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER follows AFTER UPDATE ON public.portfolio_snapshot REFERENCING OLD TABLE AS gone NEW TABLE AS came FOR EACH STATEMENT EXECUTE FUNCTION public.portfolio_refuse_what_does_not_follow();


--
-- Name: trading_order guard; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON public.trading_order FOR EACH ROW EXECUTE FUNCTION public.trading_guard_order();


--
-- Name: users_user guard; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER guard BEFORE INSERT OR UPDATE ON public.users_user FOR EACH ROW EXECUTE FUNCTION public.users_guard_user();


--
-- Name: wallets_connection guard_live; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER guard_live BEFORE UPDATE ON public.wallets_connection FOR EACH ROW WHEN (((new.live_at IS NOT NULL) AND (new.live_at IS DISTINCT FROM old.live_at))) EXECUTE FUNCTION public.wallets_guard_live();


--
-- Name: wallets_connection guard_live_insert; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER guard_live_insert BEFORE INSERT ON public.wallets_connection FOR EACH ROW WHEN ((new.live_at IS NOT NULL)) EXECUTE FUNCTION public.wallets_guard_live();


--
-- Name: trading_position keep_held; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER keep_held AFTER UPDATE OF quantity, entry_price, realized_pnl, fees, closed_at ON public.trading_position FOR EACH ROW WHEN ((new.leverage IS NULL)) EXECUTE FUNCTION public.trading_keep_held();


--
-- Name: trading_position keep_held_first; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER keep_held_first AFTER INSERT ON public.trading_position FOR EACH ROW WHEN ((new.leverage IS NULL)) EXECUTE FUNCTION public.trading_keep_held();


--
-- Name: trading_position keep_held_last; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER keep_held_last AFTER DELETE ON public.trading_position FOR EACH ROW WHEN ((old.leverage IS NULL)) EXECUTE FUNCTION public.trading_keep_held();


--
-- Name: trading_position keep_slices; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER keep_slices AFTER INSERT OR DELETE OR UPDATE OF closed_at, opened_at, realized_pnl, fees, entry_quantity, entry_price, exit_quantity, exit_price, exit_cause ON public.trading_position FOR EACH ROW EXECUTE FUNCTION public.trading_keep_slices();


--
-- Name: trading_position keep_sums; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER keep_sums AFTER INSERT OR DELETE OR UPDATE OF closed_at, realized_pnl, fees ON public.trading_position FOR EACH ROW EXECUTE FUNCTION public.trading_keep_sums();


--
-- Name: wallets_allocationline kept; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER kept BEFORE DELETE OR UPDATE ON public.wallets_allocationline FOR EACH ROW EXECUTE FUNCTION public.ledger_keep_line();


--
-- Name: portfolio_snapshot marked; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER marked BEFORE UPDATE ON public.portfolio_snapshot FOR EACH ROW WHEN (((new.equity_before IS NULL) AND ((new.cash IS DISTINCT FROM old.cash) OR (new.invested IS DISTINCT FROM old.invested) OR (new.unrealized_pnl IS DISTINCT FROM old.unrealized_pnl) OR (new.realized_pnl IS DISTINCT FROM old.realized_pnl) OR (new.gross_exposure IS DISTINCT FROM old.gross_exposure) OR (new.net_exposure IS DISTINCT FROM old.net_exposure) OR (new.is_stale IS DISTINCT FROM old.is_stale) OR (new.unpriced IS DISTINCT FROM old.unpriced) OR ((new.flow IS DISTINCT FROM old.flow) AND (public.portfolio_flow_follows(old.scope, (old.base)::text, old.at, new.flow, new.flows) IS NOT TRUE))))) EXECUTE FUNCTION public.portfolio_refuse_rewriting();


--
-- Name: wallets_transfer moves; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER moves BEFORE INSERT ON public.wallets_transfer FOR EACH ROW EXECUTE FUNCTION public.ledger_move();


--
-- Name: trading_position note_closing; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER note_closing BEFORE INSERT OR UPDATE ON public.trading_position FOR EACH ROW EXECUTE FUNCTION public.trading_note_closing();


--
-- Name: wallets_account of_a_known_kind; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER of_a_known_kind BEFORE INSERT ON public.wallets_account FOR EACH ROW WHEN (((new.kind)::text <> ALL (ARRAY[('wallet'::character varying)::text, ('external'::character varying)::text, ('clearing'::character varying)::text, ('fees'::character varying)::text, ('suspense'::character varying)::text, ('pnl'::character varying)::text, ('profit'::character varying)::text, ('funding'::character varying)::text, ('costs'::character varying)::text]))) EXECUTE FUNCTION public.ledger_refuse_kind();


--
-- Name: alerts_alert over; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER over BEFORE UPDATE ON public.alerts_alert FOR EACH ROW WHEN ((old.resolved_at IS NOT NULL)) EXECUTE FUNCTION public.refuse_what_is_over();


--
-- Name: alerts_delivery over; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER over BEFORE UPDATE ON public.alerts_delivery FOR EACH ROW WHEN ((old.ended_at IS NOT NULL)) EXECUTE FUNCTION public.refuse_what_is_over();


--
-- Name: alerts_platformalert over; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER over BEFORE UPDATE ON public.alerts_platformalert FOR EACH ROW WHEN ((old.resolved_at IS NOT NULL)) EXECUTE FUNCTION public.refuse_what_is_over();


--
-- Name: approvals_approval over; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER over BEFORE UPDATE ON public.approvals_approval FOR EACH ROW WHEN (((old.status)::text <> 'open'::text)) EXECUTE FUNCTION public.refuse_what_is_over();


--
-- Name: farms_advicecall over; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER over BEFORE UPDATE ON public.farms_advicecall FOR EACH ROW WHEN ((old.finished_at IS NOT NULL)) EXECUTE FUNCTION public.refuse_what_is_over();


--
-- Name: farms_adviceproposal over; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER over BEFORE UPDATE ON public.farms_adviceproposal FOR EACH ROW WHEN ((old.settled_at IS NOT NULL)) EXECUTE FUNCTION public.refuse_what_is_over();


--
-- Name: farms_agentfarmassignment over; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER over BEFORE UPDATE ON public.farms_agentfarmassignment FOR EACH ROW WHEN ((old.ended_at IS NOT NULL)) EXECUTE FUNCTION public.refuse_what_is_over();


--
-- Name: farms_backtest over; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER over BEFORE UPDATE ON public.farms_backtest FOR EACH ROW WHEN ((old.finished_at IS NOT NULL)) EXECUTE FUNCTION public.refuse_what_is_over();


--
-- Name: farms_download over; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER over BEFORE UPDATE ON public.farms_download FOR EACH ROW WHEN ((old.finished_at IS NOT NULL)) EXECUTE FUNCTION public.refuse_what_is_over();


--
-- Name: farms_sweep over; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER over BEFORE UPDATE ON public.farms_sweep FOR EACH ROW WHEN ((old.finished_at IS NOT NULL)) EXECUTE FUNCTION public.refuse_what_is_over();


--
-- Name: farms_sweepblock over; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER over BEFORE UPDATE ON public.farms_sweepblock FOR EACH ROW WHEN ((old.finished_at IS NOT NULL)) EXECUTE FUNCTION public.refuse_what_is_over();


--
-- Name: goals_goalaction over; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER over BEFORE UPDATE ON public.goals_goalaction FOR EACH ROW WHEN ((old.done_at IS NOT NULL)) EXECUTE FUNCTION public.refuse_what_is_over();


--
-- Name: portfolio_correction over; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER over BEFORE UPDATE ON public.portfolio_correction FOR EACH ROW WHEN ((old.finished_at IS NOT NULL)) EXECUTE FUNCTION public.refuse_what_is_over();


--
-- Name: portfolio_dailyperformance over; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER over BEFORE UPDATE ON public.portfolio_dailyperformance FOR EACH ROW WHEN (((old.ends <= now()) AND (public.portfolio_day_agrees(old.scope, (old.base)::text, new.opened_at, new.closed_at, new.equity, new.low, new.high, new.flow, new.flows, new.realized, new.realized_pnl, new.fees, new.fees_paid, new.funding, new.funding_got, new.adjustments, new.market) IS NOT TRUE))) EXECUTE FUNCTION public.refuse_what_is_over();


--
-- Name: portfolio_hourlyperformance over; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER over BEFORE UPDATE ON public.portfolio_hourlyperformance FOR EACH ROW WHEN (((old.ends <= now()) AND (public.portfolio_hour_agrees(old.scope, (old.base)::text, new.opened_at, new.closed_at, new.equity, new.low, new.high, new.flow, new.flows, new.realized, new.realized_pnl, new.fees, new.fees_paid, new.funding, new.funding_got, new.adjustments, new.market) IS NOT TRUE))) EXECUTE FUNCTION public.refuse_what_is_over();


--
-- Name: portfolio_rebalancerun over; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER over BEFORE UPDATE ON public.portfolio_rebalancerun FOR EACH ROW WHEN ((old.settled_at IS NOT NULL)) EXECUTE FUNCTION public.refuse_what_is_over();


--
-- Name: trading_amendment over; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER over BEFORE UPDATE ON public.trading_amendment FOR EACH ROW WHEN ((old.closed_at IS NOT NULL)) EXECUTE FUNCTION public.refuse_what_is_over();


--
-- Name: trading_cancellation over; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER over BEFORE UPDATE ON public.trading_cancellation FOR EACH ROW WHEN ((old.closed_at IS NOT NULL)) EXECUTE FUNCTION public.refuse_what_is_over();


--
-- Name: trading_emergencystop over; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER over BEFORE UPDATE ON public.trading_emergencystop FOR EACH ROW WHEN (((old.status)::text <> 'running'::text)) EXECUTE FUNCTION public.refuse_what_is_over();


--
-- Name: users_token over; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER over BEFORE UPDATE ON public.users_token FOR EACH ROW WHEN (((old.revoked_at IS NOT NULL) AND (new.revoked_at IS DISTINCT FROM old.revoked_at))) EXECUTE FUNCTION public.refuse_what_is_over();


--
-- Name: wallets_demofunding over; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER over BEFORE UPDATE ON public.wallets_demofunding FOR EACH ROW WHEN (old.is_booked) EXECUTE FUNCTION public.refuse_what_is_over();


--
-- Name: wallets_demoorder over; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER over BEFORE UPDATE ON public.wallets_demoorder FOR EACH ROW WHEN (((old.status)::text <> ALL (ARRAY[('open'::character varying)::text, ('partially_filled'::character varying)::text]))) EXECUTE FUNCTION public.refuse_what_is_over();


--
-- Name: wallets_venueincome over; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER over BEFORE UPDATE ON public.wallets_venueincome FOR EACH ROW WHEN (((old.status)::text <> 'waiting'::text)) EXECUTE FUNCTION public.refuse_what_is_over();


--
-- Name: wallets_venuemovement over; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER over BEFORE UPDATE ON public.wallets_venuemovement FOR EACH ROW WHEN (((old.status)::text <> 'waiting'::text)) EXECUTE FUNCTION public.refuse_what_is_over();


--
-- Name: markets_ticker remember_price; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER remember_price BEFORE DELETE ON public.markets_ticker FOR EACH ROW EXECUTE FUNCTION public.market_remember_price();


--
-- Name: farms_advicelevel scopes; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER scopes BEFORE INSERT OR DELETE OR UPDATE ON public.farms_advicelevel FOR EACH STATEMENT EXECUTE FUNCTION public.require_scope('limits');


--
-- Name: farms_advicesetting scopes; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER scopes BEFORE INSERT OR DELETE OR UPDATE ON public.farms_advicesetting FOR EACH STATEMENT EXECUTE FUNCTION public.require_scope('limits');


--
-- Name: farms_advicewatch scopes; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER scopes BEFORE INSERT OR DELETE OR UPDATE ON public.farms_advicewatch FOR EACH STATEMENT EXECUTE FUNCTION public.require_scope('limits');


--
-- Name: farms_farm scopes; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER scopes BEFORE UPDATE OF caps, allowed_symbols, trading_days, opens_at, closes_at, nets ON public.farms_farm FOR EACH STATEMENT EXECUTE FUNCTION public.require_scope('limits');


--
-- Name: portfolio_exposurelimit scopes; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER scopes BEFORE INSERT OR DELETE OR UPDATE ON public.portfolio_exposurelimit FOR EACH STATEMENT EXECUTE FUNCTION public.require_scope('limits');


--
-- Name: trading_risklimit scopes; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER scopes BEFORE INSERT OR DELETE OR UPDATE OF connection_id, wallet_id, allowed_symbols, maximum_notional, notional_asset, maximum_daily_loss, maximum_position, maximum_open_positions, maximum_risk, default_stop, default_target, maximum_exposure, maximum_distance, maximum_orders_per_minute, cooldown_bars, maximum_drawdown, lookback_days, minimum_profit_factor, lookback_trades, lock_hours, updated_at, maximum_correlated ON public.trading_risklimit FOR EACH STATEMENT EXECUTE FUNCTION public.require_scope('limits');


--
-- Name: users_token scopes; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER scopes BEFORE INSERT OR DELETE OR UPDATE OF revoked_at, password_mark, asks_first ON public.users_token FOR EACH STATEMENT EXECUTE FUNCTION public.require_scope('person');


--
-- Name: users_user scopes; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER scopes BEFORE INSERT OR DELETE OR UPDATE ON public.users_user FOR EACH STATEMENT EXECUTE FUNCTION public.require_scope('person');


--
-- Name: wallets_credential scopes; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER scopes BEFORE INSERT OR DELETE OR UPDATE ON public.wallets_credential FOR EACH STATEMENT EXECUTE FUNCTION public.require_scope('person');


--
-- Name: wallets_credentialfield scopes; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER scopes BEFORE INSERT OR DELETE OR UPDATE ON public.wallets_credentialfield FOR EACH STATEMENT EXECUTE FUNCTION public.require_scope('person');


--
-- Name: wallets_connection scopes_of_live_at; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER scopes_of_live_at BEFORE UPDATE OF live_at ON public.wallets_connection FOR EACH ROW WHEN ((old.live_at IS DISTINCT FROM new.live_at)) EXECUTE FUNCTION public.require_scope('person');


--
-- Name: wallets_wallet scopes_of_protects_in_halt; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER scopes_of_protects_in_halt BEFORE UPDATE OF protects_in_halt ON public.wallets_wallet FOR EACH ROW WHEN ((old.protects_in_halt IS DISTINCT FROM new.protects_in_halt)) EXECUTE FUNCTION public.require_scope('limits');


--
-- Name: wallets_account starts_empty; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER starts_empty BEFORE INSERT ON public.wallets_account FOR EACH ROW WHEN (((new.balance IS DISTINCT FROM (0)::numeric) OR (new.held IS DISTINCT FROM (0)::numeric) OR (new.version IS DISTINCT FROM (0)::bigint) OR (new.held_version IS DISTINCT FROM (0)::bigint))) EXECUTE FUNCTION public.ledger_refuse_change();


--
-- Name: goals_goalassignment stays; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER stays BEFORE DELETE ON public.goals_goalassignment FOR EACH ROW WHEN (((old.until IS NULL) IS NOT TRUE)) EXECUTE FUNCTION public.refuse_what_is_over();


--
-- Name: goals_goalprogress stays; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER stays BEFORE DELETE ON public.goals_goalprogress FOR EACH ROW WHEN ((public.goals_is_under_way(old.goal_id) IS NOT TRUE)) EXECUTE FUNCTION public.refuse_what_is_over();


--
-- Name: portfolio_allocationplan stays; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER stays BEFORE DELETE ON public.portfolio_allocationplan FOR EACH ROW WHEN ((public.wallets_is_previewed(old.allocation_id) IS NOT TRUE)) EXECUTE FUNCTION public.refuse_what_is_over();


--
-- Name: wallets_allocationline stays; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER stays BEFORE DELETE ON public.wallets_allocationline FOR EACH ROW WHEN ((public.wallets_is_previewed(old.allocation_id) IS NOT TRUE)) EXECUTE FUNCTION public.refuse_what_is_over();


--
-- Name: wallets_fundallocation stays; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER stays BEFORE DELETE ON public.wallets_fundallocation FOR EACH ROW WHEN ((((old.status)::text = 'previewed'::text) IS NOT TRUE)) EXECUTE FUNCTION public.refuse_what_is_over();


--
-- Name: wallets_account account_wallet_same_owner; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_account
    ADD CONSTRAINT account_wallet_same_owner FOREIGN KEY (wallet_id, owner_id) REFERENCES public.wallets_wallet(id, owner_id);


--
-- Name: alerts_alert alerts_alert_owner_id_0c00548a_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alerts_alert
    ADD CONSTRAINT alerts_alert_owner_id_0c00548a_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: alerts_channel alerts_channel_owner_id_54635f0f_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alerts_channel
    ADD CONSTRAINT alerts_channel_owner_id_54635f0f_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: alerts_delivery alerts_delivery_alert_id_527311ab_fk_alerts_alert_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alerts_delivery
    ADD CONSTRAINT alerts_delivery_alert_id_527311ab_fk_alerts_alert_id FOREIGN KEY (alert_id) REFERENCES public.alerts_alert(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: alerts_delivery alerts_delivery_channel_id_8851c777_fk_alerts_channel_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alerts_delivery
    ADD CONSTRAINT alerts_delivery_channel_id_8851c777_fk_alerts_channel_id FOREIGN KEY (channel_id) REFERENCES public.alerts_channel(id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;


--
-- Name: alerts_delivery alerts_delivery_owner_id_72e83201_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alerts_delivery
    ADD CONSTRAINT alerts_delivery_owner_id_72e83201_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: alerts_delivery alerts_delivery_platform_alert_id_6b26ebee_fk_alerts_pl; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alerts_delivery
    ADD CONSTRAINT alerts_delivery_platform_alert_id_6b26ebee_fk_alerts_pl FOREIGN KEY (platform_alert_id) REFERENCES public.alerts_platformalert(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: alerts_mute alerts_mute_owner_id_ba47af22_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alerts_mute
    ADD CONSTRAINT alerts_mute_owner_id_ba47af22_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: alerts_platformalert alerts_platformalert_acknowledged_by_id_b13f1182_fk_users_use; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alerts_platformalert
    ADD CONSTRAINT alerts_platformalert_acknowledged_by_id_b13f1182_fk_users_use FOREIGN KEY (acknowledged_by_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: alerts_taskfailure alerts_taskfailure_owner_id_d2b2b386_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alerts_taskfailure
    ADD CONSTRAINT alerts_taskfailure_owner_id_d2b2b386_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: approvals_approval approvals_approval_owner_id_687cccf5_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.approvals_approval
    ADD CONSTRAINT approvals_approval_owner_id_687cccf5_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: approvals_approval approvals_approval_token_id_ad3704d6_fk_users_token_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.approvals_approval
    ADD CONSTRAINT approvals_approval_token_id_ad3704d6_fk_users_token_id FOREIGN KEY (token_id) REFERENCES public.users_token(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: audit_auditentry audit_auditentry_actor_id_8ab278be_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE public.audit_auditentry
    ADD CONSTRAINT audit_auditentry_actor_id_8ab278be_fk_users_user_id FOREIGN KEY (actor_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: audit_auditentry audit_auditentry_owner_id_2bc3dba0_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE public.audit_auditentry
    ADD CONSTRAINT audit_auditentry_owner_id_2bc3dba0_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: audit_call audit_call_owner_id_e91142c7_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE public.audit_call
    ADD CONSTRAINT audit_call_owner_id_e91142c7_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: auth_group_permissions auth_group_permissio_permission_id_84c5c92e_fk_auth_perm; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissio_permission_id_84c5c92e_fk_auth_perm FOREIGN KEY (permission_id) REFERENCES public.auth_permission(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: auth_group_permissions auth_group_permissions_group_id_b120cbf9_fk_auth_group_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.auth_group_permissions
    ADD CONSTRAINT auth_group_permissions_group_id_b120cbf9_fk_auth_group_id FOREIGN KEY (group_id) REFERENCES public.auth_group(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: auth_permission auth_permission_content_type_id_2f476e4b_fk_django_co; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.auth_permission
    ADD CONSTRAINT auth_permission_content_type_id_2f476e4b_fk_django_co FOREIGN KEY (content_type_id) REFERENCES public.django_content_type(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: axes_accessattemptexpiration axes_accessattemptex_access_attempt_id_6b73a47a_fk_axes_acce; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.axes_accessattemptexpiration
    ADD CONSTRAINT axes_accessattemptex_access_attempt_id_6b73a47a_fk_axes_acce FOREIGN KEY (access_attempt_id) REFERENCES public.axes_accessattempt(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: django_admin_log django_admin_log_content_type_id_c4bce8eb_fk_django_co; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.django_admin_log
    ADD CONSTRAINT django_admin_log_content_type_id_c4bce8eb_fk_django_co FOREIGN KEY (content_type_id) REFERENCES public.django_content_type(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: django_admin_log django_admin_log_user_id_c564eba6_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.django_admin_log
    ADD CONSTRAINT django_admin_log_user_id_c564eba6_fk_users_user_id FOREIGN KEY (user_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_advicecall farms_advicecall_agent_id_ef58a73e_fk_farms_agent_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_advicecall
    ADD CONSTRAINT farms_advicecall_agent_id_ef58a73e_fk_farms_agent_id FOREIGN KEY (agent_id) REFERENCES public.farms_agent(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_advicecall farms_advicecall_endpoint_id_82675d70_fk_farms_adv; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_advicecall
    ADD CONSTRAINT farms_advicecall_endpoint_id_82675d70_fk_farms_adv FOREIGN KEY (endpoint_id) REFERENCES public.farms_adviceendpoint(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_advicecall farms_advicecall_farm_id_891a03bb_fk_farms_farm_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_advicecall
    ADD CONSTRAINT farms_advicecall_farm_id_891a03bb_fk_farms_farm_id FOREIGN KEY (farm_id) REFERENCES public.farms_farm(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_advicecall farms_advicecall_instrument_id_8804437f_fk_markets_i; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_advicecall
    ADD CONSTRAINT farms_advicecall_instrument_id_8804437f_fk_markets_i FOREIGN KEY (instrument_id) REFERENCES public.markets_instrument(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_advicecall farms_advicecall_owner_id_853e90e8_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_advicecall
    ADD CONSTRAINT farms_advicecall_owner_id_853e90e8_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_advicelevel farms_advicelevel_agent_id_01403344_fk_farms_agent_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_advicelevel
    ADD CONSTRAINT farms_advicelevel_agent_id_01403344_fk_farms_agent_id FOREIGN KEY (agent_id) REFERENCES public.farms_agent(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_advicelevel farms_advicelevel_owner_id_309bb1ca_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_advicelevel
    ADD CONSTRAINT farms_advicelevel_owner_id_309bb1ca_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_adviceproposal farms_adviceproposal_agent_id_97a85fce_fk_farms_agent_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_adviceproposal
    ADD CONSTRAINT farms_adviceproposal_agent_id_97a85fce_fk_farms_agent_id FOREIGN KEY (agent_id) REFERENCES public.farms_agent(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_adviceproposal farms_adviceproposal_call_id_b4ea2217_fk_farms_advicecall_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_adviceproposal
    ADD CONSTRAINT farms_adviceproposal_call_id_b4ea2217_fk_farms_advicecall_id FOREIGN KEY (call_id) REFERENCES public.farms_advicecall(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_adviceproposal farms_adviceproposal_farm_id_96a6fad4_fk_farms_farm_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_adviceproposal
    ADD CONSTRAINT farms_adviceproposal_farm_id_96a6fad4_fk_farms_farm_id FOREIGN KEY (farm_id) REFERENCES public.farms_farm(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_adviceproposal farms_adviceproposal_instrument_id_9afc1af1_fk_markets_i; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_adviceproposal
    ADD CONSTRAINT farms_adviceproposal_instrument_id_9afc1af1_fk_markets_i FOREIGN KEY (instrument_id) REFERENCES public.markets_instrument(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_adviceproposal farms_adviceproposal_order_id_c8dd8605_fk_trading_order_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_adviceproposal
    ADD CONSTRAINT farms_adviceproposal_order_id_c8dd8605_fk_trading_order_id FOREIGN KEY (order_id) REFERENCES public.trading_order(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_adviceproposal farms_adviceproposal_owner_id_a3a27554_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_adviceproposal
    ADD CONSTRAINT farms_adviceproposal_owner_id_a3a27554_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_advicesetting farms_advicesetting_endpoint_id_8e4e05d1_fk_farms_adv; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_advicesetting
    ADD CONSTRAINT farms_advicesetting_endpoint_id_8e4e05d1_fk_farms_adv FOREIGN KEY (endpoint_id) REFERENCES public.farms_adviceendpoint(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_advicesetting farms_advicesetting_owner_id_14faedf6_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_advicesetting
    ADD CONSTRAINT farms_advicesetting_owner_id_14faedf6_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_advicewatch farms_advicewatch_farm_id_e52c66ec_fk_farms_farm_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_advicewatch
    ADD CONSTRAINT farms_advicewatch_farm_id_e52c66ec_fk_farms_farm_id FOREIGN KEY (farm_id) REFERENCES public.farms_farm(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_advicewatch farms_advicewatch_instrument_id_47e3c363_fk_markets_i; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_advicewatch
    ADD CONSTRAINT farms_advicewatch_instrument_id_47e3c363_fk_markets_i FOREIGN KEY (instrument_id) REFERENCES public.markets_instrument(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_advicewatch farms_advicewatch_owner_id_6239d3a2_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_advicewatch
    ADD CONSTRAINT farms_advicewatch_owner_id_6239d3a2_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_agent farms_agent_farm_id_a0f6c3d9_fk_farms_farm_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_agent
    ADD CONSTRAINT farms_agent_farm_id_a0f6c3d9_fk_farms_farm_id FOREIGN KEY (farm_id) REFERENCES public.farms_farm(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_agent farms_agent_instrument_id_c8d4d2a2_fk_markets_instrument_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_agent
    ADD CONSTRAINT farms_agent_instrument_id_c8d4d2a2_fk_markets_instrument_id FOREIGN KEY (instrument_id) REFERENCES public.markets_instrument(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_agent farms_agent_owner_id_94de8484_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_agent
    ADD CONSTRAINT farms_agent_owner_id_94de8484_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_agent farms_agent_version_id_aa944564_fk_farms_strategyversion_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_agent
    ADD CONSTRAINT farms_agent_version_id_aa944564_fk_farms_strategyversion_id FOREIGN KEY (version_id) REFERENCES public.farms_strategyversion(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_agent farms_agent_wallet_id_db3fa2ad_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_agent
    ADD CONSTRAINT farms_agent_wallet_id_db3fa2ad_fk_wallets_wallet_id FOREIGN KEY (wallet_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_agentfarmassignment farms_agentfarmassignment_agent_id_69e7b828_fk_farms_agent_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_agentfarmassignment
    ADD CONSTRAINT farms_agentfarmassignment_agent_id_69e7b828_fk_farms_agent_id FOREIGN KEY (agent_id) REFERENCES public.farms_agent(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_agentfarmassignment farms_agentfarmassignment_farm_id_3765786c_fk_farms_farm_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_agentfarmassignment
    ADD CONSTRAINT farms_agentfarmassignment_farm_id_3765786c_fk_farms_farm_id FOREIGN KEY (farm_id) REFERENCES public.farms_farm(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_agentfarmassignment farms_agentfarmassignment_owner_id_67fd683b_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_agentfarmassignment
    ADD CONSTRAINT farms_agentfarmassignment_owner_id_67fd683b_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_agentrun farms_agentrun_agent_id_f272b17c_fk_farms_agent_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE public.farms_agentrun
    ADD CONSTRAINT farms_agentrun_agent_id_f272b17c_fk_farms_agent_id FOREIGN KEY (agent_id) REFERENCES public.farms_agent(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_agentrun farms_agentrun_instrument_id_ab9e7eec_fk_markets_instrument_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE public.farms_agentrun
    ADD CONSTRAINT farms_agentrun_instrument_id_ab9e7eec_fk_markets_instrument_id FOREIGN KEY (instrument_id) REFERENCES public.markets_instrument(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_agentrun farms_agentrun_order_id_a9430e05_fk_trading_order_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE public.farms_agentrun
    ADD CONSTRAINT farms_agentrun_order_id_a9430e05_fk_trading_order_id FOREIGN KEY (order_id) REFERENCES public.trading_order(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_agentrun farms_agentrun_owner_id_5e53b30f_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE public.farms_agentrun
    ADD CONSTRAINT farms_agentrun_owner_id_5e53b30f_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_backtest farms_backtest_agent_id_e284fe38_fk_farms_agent_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_backtest
    ADD CONSTRAINT farms_backtest_agent_id_e284fe38_fk_farms_agent_id FOREIGN KEY (agent_id) REFERENCES public.farms_agent(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_backtest farms_backtest_owner_id_ba31781c_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_backtest
    ADD CONSTRAINT farms_backtest_owner_id_ba31781c_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_backtest farms_backtest_version_id_f129f3b2_fk_farms_strategyversion_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_backtest
    ADD CONSTRAINT farms_backtest_version_id_f129f3b2_fk_farms_strategyversion_id FOREIGN KEY (version_id) REFERENCES public.farms_strategyversion(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_backtestresult farms_backtestresult_backtest_id_1eb4c86c_fk_farms_backtest_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_backtestresult
    ADD CONSTRAINT farms_backtestresult_backtest_id_1eb4c86c_fk_farms_backtest_id FOREIGN KEY (backtest_id) REFERENCES public.farms_backtest(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_backtestresult farms_backtestresult_owner_id_eaac90c8_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_backtestresult
    ADD CONSTRAINT farms_backtestresult_owner_id_eaac90c8_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_download farms_download_owner_id_b4736e3b_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_download
    ADD CONSTRAINT farms_download_owner_id_b4736e3b_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_farm farms_farm_owner_id_7744f3e7_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_farm
    ADD CONSTRAINT farms_farm_owner_id_7744f3e7_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_farm farms_farm_wallet_id_67803387_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_farm
    ADD CONSTRAINT farms_farm_wallet_id_67803387_fk_wallets_wallet_id FOREIGN KEY (wallet_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_farmevent farms_farmevent_agent_id_52165cd1_fk_farms_agent_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_farmevent
    ADD CONSTRAINT farms_farmevent_agent_id_52165cd1_fk_farms_agent_id FOREIGN KEY (agent_id) REFERENCES public.farms_agent(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_farmevent farms_farmevent_farm_id_da9d0efe_fk_farms_farm_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_farmevent
    ADD CONSTRAINT farms_farmevent_farm_id_da9d0efe_fk_farms_farm_id FOREIGN KEY (farm_id) REFERENCES public.farms_farm(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_farmevent farms_farmevent_owner_id_b2d55844_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_farmevent
    ADD CONSTRAINT farms_farmevent_owner_id_b2d55844_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_promotion farms_promotion_agent_id_9c52eda3_fk_farms_agent_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_promotion
    ADD CONSTRAINT farms_promotion_agent_id_9c52eda3_fk_farms_agent_id FOREIGN KEY (agent_id) REFERENCES public.farms_agent(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_promotion farms_promotion_owner_id_7d787268_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_promotion
    ADD CONSTRAINT farms_promotion_owner_id_7d787268_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_promotion farms_promotion_promoted_from_id_c20e4549_fk_farms_agent_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_promotion
    ADD CONSTRAINT farms_promotion_promoted_from_id_c20e4549_fk_farms_agent_id FOREIGN KEY (promoted_from_id) REFERENCES public.farms_agent(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_promotion farms_promotion_verdict_id_e01582d1_fk_farms_verdict_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_promotion
    ADD CONSTRAINT farms_promotion_verdict_id_e01582d1_fk_farms_verdict_id FOREIGN KEY (verdict_id) REFERENCES public.farms_verdict(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_strategy farms_strategy_owner_id_e1e62d67_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_strategy
    ADD CONSTRAINT farms_strategy_owner_id_e1e62d67_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_strategyversion farms_strategyversio_instrument_id_cbcdfb8a_fk_markets_i; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_strategyversion
    ADD CONSTRAINT farms_strategyversio_instrument_id_cbcdfb8a_fk_markets_i FOREIGN KEY (instrument_id) REFERENCES public.markets_instrument(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_strategyversion farms_strategyversion_owner_id_923196f0_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_strategyversion
    ADD CONSTRAINT farms_strategyversion_owner_id_923196f0_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_strategyversion farms_strategyversion_saved_id_e8b068b5_fk_farms_strategy_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_strategyversion
    ADD CONSTRAINT farms_strategyversion_saved_id_e8b068b5_fk_farms_strategy_id FOREIGN KEY (saved_id) REFERENCES public.farms_strategy(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_sweep farms_sweep_agent_id_7cf1b1fe_fk_farms_agent_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_sweep
    ADD CONSTRAINT farms_sweep_agent_id_7cf1b1fe_fk_farms_agent_id FOREIGN KEY (agent_id) REFERENCES public.farms_agent(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_sweep farms_sweep_owner_id_48236148_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_sweep
    ADD CONSTRAINT farms_sweep_owner_id_48236148_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_sweepblock farms_sweepblock_owner_id_533dfa6f_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_sweepblock
    ADD CONSTRAINT farms_sweepblock_owner_id_533dfa6f_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_sweepblock farms_sweepblock_sweep_id_9fba9389_fk_farms_sweep_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_sweepblock
    ADD CONSTRAINT farms_sweepblock_sweep_id_9fba9389_fk_farms_sweep_id FOREIGN KEY (sweep_id) REFERENCES public.farms_sweep(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_sweepresult farms_sweepresult_owner_id_76745343_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_sweepresult
    ADD CONSTRAINT farms_sweepresult_owner_id_76745343_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_sweepresult farms_sweepresult_sweep_id_a3e9f28e_fk_farms_sweep_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_sweepresult
    ADD CONSTRAINT farms_sweepresult_sweep_id_a3e9f28e_fk_farms_sweep_id FOREIGN KEY (sweep_id) REFERENCES public.farms_sweep(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_verdict farms_verdict_backtest_id_3b54f70a_fk_farms_backtest_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_verdict
    ADD CONSTRAINT farms_verdict_backtest_id_3b54f70a_fk_farms_backtest_id FOREIGN KEY (backtest_id) REFERENCES public.farms_backtest(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: farms_verdict farms_verdict_owner_id_1089fee2_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.farms_verdict
    ADD CONSTRAINT farms_verdict_owner_id_1089fee2_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: goals_goal goals_goal_owner_id_2f711ee8_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goal
    ADD CONSTRAINT goals_goal_owner_id_2f711ee8_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: goals_goal goals_goal_renews_id_2e37eea7_fk_goals_goal_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goal
    ADD CONSTRAINT goals_goal_renews_id_2e37eea7_fk_goals_goal_id FOREIGN KEY (renews_id) REFERENCES public.goals_goal(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: goals_goalaction goals_goalaction_goal_id_c096427d_fk_goals_goal_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goalaction
    ADD CONSTRAINT goals_goalaction_goal_id_c096427d_fk_goals_goal_id FOREIGN KEY (goal_id) REFERENCES public.goals_goal(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: goals_goalaction goals_goalaction_owner_id_90a863e1_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goalaction
    ADD CONSTRAINT goals_goalaction_owner_id_90a863e1_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: goals_goalassignment goals_goalassignment_goal_id_5d5f7a75_fk_goals_goal_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goalassignment
    ADD CONSTRAINT goals_goalassignment_goal_id_5d5f7a75_fk_goals_goal_id FOREIGN KEY (goal_id) REFERENCES public.goals_goal(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: goals_goalassignment goals_goalassignment_owner_id_66f62e36_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goalassignment
    ADD CONSTRAINT goals_goalassignment_owner_id_66f62e36_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: goals_goalassignment goals_goalassignment_wallet_id_394bc580_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goalassignment
    ADD CONSTRAINT goals_goalassignment_wallet_id_394bc580_fk_wallets_wallet_id FOREIGN KEY (wallet_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: goals_goalcursor goals_goalcursor_owner_id_efbd49b7_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goalcursor
    ADD CONSTRAINT goals_goalcursor_owner_id_efbd49b7_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: goals_goalevent goals_goalevent_goal_id_8c522881_fk_goals_goal_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goalevent
    ADD CONSTRAINT goals_goalevent_goal_id_8c522881_fk_goals_goal_id FOREIGN KEY (goal_id) REFERENCES public.goals_goal(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: goals_goalevent goals_goalevent_owner_id_ca6ea962_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goalevent
    ADD CONSTRAINT goals_goalevent_owner_id_ca6ea962_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: goals_goalmove goals_goalmove_action_id_fc9fe408_fk_goals_goalaction_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goalmove
    ADD CONSTRAINT goals_goalmove_action_id_fc9fe408_fk_goals_goalaction_id FOREIGN KEY (action_id) REFERENCES public.goals_goalaction(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: goals_goalmove goals_goalmove_goal_id_ef3500df_fk_goals_goal_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goalmove
    ADD CONSTRAINT goals_goalmove_goal_id_ef3500df_fk_goals_goal_id FOREIGN KEY (goal_id) REFERENCES public.goals_goal(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: goals_goalmove goals_goalmove_owner_id_28610e8e_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goalmove
    ADD CONSTRAINT goals_goalmove_owner_id_28610e8e_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: goals_goalmove goals_goalmove_posting_id_e88fd9ef_fk_wallets_posting_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goalmove
    ADD CONSTRAINT goals_goalmove_posting_id_e88fd9ef_fk_wallets_posting_id FOREIGN KEY (posting_id) REFERENCES public.wallets_posting(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: goals_goalmove goals_goalmove_source_id_ca169fa5_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goalmove
    ADD CONSTRAINT goals_goalmove_source_id_ca169fa5_fk_wallets_wallet_id FOREIGN KEY (source_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: goals_goalmove goals_goalmove_target_id_877cd8e0_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goalmove
    ADD CONSTRAINT goals_goalmove_target_id_877cd8e0_fk_wallets_wallet_id FOREIGN KEY (target_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: goals_goalprogress goals_goalprogress_goal_id_60426fc5_fk_goals_goal_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goalprogress
    ADD CONSTRAINT goals_goalprogress_goal_id_60426fc5_fk_goals_goal_id FOREIGN KEY (goal_id) REFERENCES public.goals_goal(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: goals_goalprogress goals_goalprogress_owner_id_ce257ac2_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goalprogress
    ADD CONSTRAINT goals_goalprogress_owner_id_ce257ac2_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: goals_goaltotal goals_goaltotal_goal_id_c006297f_fk_goals_goal_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goaltotal
    ADD CONSTRAINT goals_goaltotal_goal_id_c006297f_fk_goals_goal_id FOREIGN KEY (goal_id) REFERENCES public.goals_goal(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: goals_goaltotal goals_goaltotal_owner_id_523dbf1c_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.goals_goaltotal
    ADD CONSTRAINT goals_goaltotal_owner_id_523dbf1c_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: markets_instrument markets_instrument_prices_of_id_b58bac28_fk_markets_i; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.markets_instrument
    ADD CONSTRAINT markets_instrument_prices_of_id_b58bac28_fk_markets_i FOREIGN KEY (prices_of_id) REFERENCES public.markets_instrument(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: markets_keptseries markets_keptseries_instrument_id_0bf82ffd_fk_markets_i; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.markets_keptseries
    ADD CONSTRAINT markets_keptseries_instrument_id_0bf82ffd_fk_markets_i FOREIGN KEY (instrument_id) REFERENCES public.markets_instrument(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: markets_lastprice markets_lastprice_instrument_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.markets_lastprice
    ADD CONSTRAINT markets_lastprice_instrument_id_fkey FOREIGN KEY (instrument_id) REFERENCES public.markets_instrument(id) ON DELETE CASCADE;


--
-- Name: markets_ticker markets_ticker_instrument_id_1627a2f8_fk_markets_instrument_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.markets_ticker
    ADD CONSTRAINT markets_ticker_instrument_id_1627a2f8_fk_markets_instrument_id FOREIGN KEY (instrument_id) REFERENCES public.markets_instrument(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: portfolio_allocationplan portfolio_allocation_allocation_id_caf4f41e_fk_wallets_f; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_allocationplan
    ADD CONSTRAINT portfolio_allocation_allocation_id_caf4f41e_fk_wallets_f FOREIGN KEY (allocation_id) REFERENCES public.wallets_fundallocation(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: portfolio_allocationplan portfolio_allocation_wallet_id_85a6a4e2_fk_wallets_w; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_allocationplan
    ADD CONSTRAINT portfolio_allocation_wallet_id_85a6a4e2_fk_wallets_w FOREIGN KEY (wallet_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: portfolio_allocationplan portfolio_allocationplan_owner_id_1d96099c_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_allocationplan
    ADD CONSTRAINT portfolio_allocationplan_owner_id_1d96099c_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: portfolio_correction portfolio_correction_owner_id_03d8b351_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_correction
    ADD CONSTRAINT portfolio_correction_owner_id_03d8b351_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: portfolio_correction portfolio_correction_wallet_id_3601e5c2_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_correction
    ADD CONSTRAINT portfolio_correction_wallet_id_3601e5c2_fk_wallets_wallet_id FOREIGN KEY (wallet_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: portfolio_dailyperformance portfolio_dailyperfo_wallet_id_7afa494e_fk_wallets_w; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_dailyperformance
    ADD CONSTRAINT portfolio_dailyperfo_wallet_id_7afa494e_fk_wallets_w FOREIGN KEY (wallet_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: portfolio_dailyperformance portfolio_dailyperformance_owner_id_c3fc07e5_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_dailyperformance
    ADD CONSTRAINT portfolio_dailyperformance_owner_id_c3fc07e5_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: portfolio_exposurelevel portfolio_exposurele_limit_id_663f1820_fk_portfolio; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_exposurelevel
    ADD CONSTRAINT portfolio_exposurele_limit_id_663f1820_fk_portfolio FOREIGN KEY (limit_id) REFERENCES public.portfolio_exposurelimit(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: portfolio_exposurelevel portfolio_exposurelevel_owner_id_abc877da_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_exposurelevel
    ADD CONSTRAINT portfolio_exposurelevel_owner_id_abc877da_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: portfolio_exposurelimit portfolio_exposurelimit_owner_id_ab1db694_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_exposurelimit
    ADD CONSTRAINT portfolio_exposurelimit_owner_id_ab1db694_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: portfolio_exposurelimit portfolio_exposurelimit_wallet_id_2dc4921f_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_exposurelimit
    ADD CONSTRAINT portfolio_exposurelimit_wallet_id_2dc4921f_fk_wallets_wallet_id FOREIGN KEY (wallet_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: portfolio_flowmark portfolio_flowmark_owner_id_07bcf7fc_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_flowmark
    ADD CONSTRAINT portfolio_flowmark_owner_id_07bcf7fc_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: portfolio_flowmark portfolio_flowmark_wallet_id_b87805cd_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_flowmark
    ADD CONSTRAINT portfolio_flowmark_wallet_id_b87805cd_fk_wallets_wallet_id FOREIGN KEY (wallet_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: portfolio_hourlyperformance portfolio_hourlyperf_wallet_id_298431df_fk_wallets_w; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_hourlyperformance
    ADD CONSTRAINT portfolio_hourlyperf_wallet_id_298431df_fk_wallets_w FOREIGN KEY (wallet_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: portfolio_hourlyperformance portfolio_hourlyperformance_owner_id_b492859e_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_hourlyperformance
    ADD CONSTRAINT portfolio_hourlyperformance_owner_id_b492859e_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: portfolio_portfoliostate portfolio_portfoliostate_owner_id_9f12cafa_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_portfoliostate
    ADD CONSTRAINT portfolio_portfoliostate_owner_id_9f12cafa_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: portfolio_rebalancerun portfolio_rebalancer_allocation_id_d227426e_fk_wallets_f; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_rebalancerun
    ADD CONSTRAINT portfolio_rebalancer_allocation_id_d227426e_fk_wallets_f FOREIGN KEY (allocation_id) REFERENCES public.wallets_fundallocation(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: portfolio_rebalancerun portfolio_rebalancer_rule_id_4fa08cd4_fk_portfolio; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_rebalancerun
    ADD CONSTRAINT portfolio_rebalancer_rule_id_4fa08cd4_fk_portfolio FOREIGN KEY (rule_id) REFERENCES public.portfolio_rebalancerule(id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;


--
-- Name: portfolio_rebalancerule portfolio_rebalancerule_owner_id_69083c73_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_rebalancerule
    ADD CONSTRAINT portfolio_rebalancerule_owner_id_69083c73_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: portfolio_rebalancerule portfolio_rebalancerule_wallet_id_8631c577_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_rebalancerule
    ADD CONSTRAINT portfolio_rebalancerule_wallet_id_8631c577_fk_wallets_wallet_id FOREIGN KEY (wallet_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: portfolio_rebalancerun portfolio_rebalancerun_owner_id_185972b7_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_rebalancerun
    ADD CONSTRAINT portfolio_rebalancerun_owner_id_185972b7_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: portfolio_snapshot portfolio_snapshot_owner_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE public.portfolio_snapshot
    ADD CONSTRAINT portfolio_snapshot_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: portfolio_snapshot portfolio_snapshot_wallet_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE public.portfolio_snapshot
    ADD CONSTRAINT portfolio_snapshot_wallet_id_fkey FOREIGN KEY (wallet_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: portfolio_stay portfolio_stay_owner_id_f2a039b1_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_stay
    ADD CONSTRAINT portfolio_stay_owner_id_f2a039b1_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: portfolio_stay portfolio_stay_under_id_5d2c41be_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_stay
    ADD CONSTRAINT portfolio_stay_under_id_5d2c41be_fk_wallets_wallet_id FOREIGN KEY (under_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: portfolio_stay portfolio_stay_wallet_id_ccd81db5_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.portfolio_stay
    ADD CONSTRAINT portfolio_stay_wallet_id_ccd81db5_fk_wallets_wallet_id FOREIGN KEY (wallet_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_aistate trading_aistate_owner_id_535b2e17_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_aistate
    ADD CONSTRAINT trading_aistate_owner_id_535b2e17_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_aistate trading_aistate_wallet_id_474d75e1_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_aistate
    ADD CONSTRAINT trading_aistate_wallet_id_474d75e1_fk_wallets_wallet_id FOREIGN KEY (wallet_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_amendment trading_amendment_order_id_db53694a_fk_trading_order_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_amendment
    ADD CONSTRAINT trading_amendment_order_id_db53694a_fk_trading_order_id FOREIGN KEY (order_id) REFERENCES public.trading_order(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_amendment trading_amendment_owner_id_e53721e8_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_amendment
    ADD CONSTRAINT trading_amendment_owner_id_e53721e8_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_cancellation trading_cancellation_order_id_09551003_fk_trading_order_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_cancellation
    ADD CONSTRAINT trading_cancellation_order_id_09551003_fk_trading_order_id FOREIGN KEY (order_id) REFERENCES public.trading_order(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_cancellation trading_cancellation_owner_id_44d5681b_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_cancellation
    ADD CONSTRAINT trading_cancellation_owner_id_44d5681b_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_emergencystop trading_emergencystop_owner_id_160da0b0_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_emergencystop
    ADD CONSTRAINT trading_emergencystop_owner_id_160da0b0_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_emergencystop trading_emergencystop_wallet_id_f6f9ad6f_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_emergencystop
    ADD CONSTRAINT trading_emergencystop_wallet_id_f6f9ad6f_fk_wallets_wallet_id FOREIGN KEY (wallet_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_entrylock trading_entrylock_instrument_id_f19d2143_fk_markets_i; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_entrylock
    ADD CONSTRAINT trading_entrylock_instrument_id_f19d2143_fk_markets_i FOREIGN KEY (instrument_id) REFERENCES public.markets_instrument(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_entrylock trading_entrylock_limit_id_dd9e349c_fk_trading_risklimit_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_entrylock
    ADD CONSTRAINT trading_entrylock_limit_id_dd9e349c_fk_trading_risklimit_id FOREIGN KEY (limit_id) REFERENCES public.trading_risklimit(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_entrylock trading_entrylock_owner_id_14c36660_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_entrylock
    ADD CONSTRAINT trading_entrylock_owner_id_14c36660_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_entrylock trading_entrylock_wallet_id_ebfa264d_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_entrylock
    ADD CONSTRAINT trading_entrylock_wallet_id_ebfa264d_fk_wallets_wallet_id FOREIGN KEY (wallet_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_fill trading_fill_connection_id_193ab20c_fk_wallets_connection_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_fill
    ADD CONSTRAINT trading_fill_connection_id_193ab20c_fk_wallets_connection_id FOREIGN KEY (connection_id) REFERENCES public.wallets_connection(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_fill trading_fill_instrument_id_f2c5a6e5_fk_markets_instrument_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_fill
    ADD CONSTRAINT trading_fill_instrument_id_f2c5a6e5_fk_markets_instrument_id FOREIGN KEY (instrument_id) REFERENCES public.markets_instrument(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_fill trading_fill_order_id_01337fa8_fk_trading_order_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_fill
    ADD CONSTRAINT trading_fill_order_id_01337fa8_fk_trading_order_id FOREIGN KEY (order_id) REFERENCES public.trading_order(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_fill trading_fill_owner_id_d199d86e_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_fill
    ADD CONSTRAINT trading_fill_owner_id_d199d86e_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_fill trading_fill_posting_id_c0aec284_fk_wallets_posting_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_fill
    ADD CONSTRAINT trading_fill_posting_id_c0aec284_fk_wallets_posting_id FOREIGN KEY (posting_id) REFERENCES public.wallets_posting(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_fill trading_fill_wallet_id_7ffa24d4_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_fill
    ADD CONSTRAINT trading_fill_wallet_id_7ffa24d4_fk_wallets_wallet_id FOREIGN KEY (wallet_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_heldtotal trading_heldtotal_instrument_id_4573742f_fk_markets_i; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_heldtotal
    ADD CONSTRAINT trading_heldtotal_instrument_id_4573742f_fk_markets_i FOREIGN KEY (instrument_id) REFERENCES public.markets_instrument(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_heldtotal trading_heldtotal_owner_id_69b2dfeb_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_heldtotal
    ADD CONSTRAINT trading_heldtotal_owner_id_69b2dfeb_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_heldtotal trading_heldtotal_wallet_id_6645f7b1_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_heldtotal
    ADD CONSTRAINT trading_heldtotal_wallet_id_6645f7b1_fk_wallets_wallet_id FOREIGN KEY (wallet_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_masscancellation trading_masscancella_instrument_id_26e0ceb2_fk_markets_i; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_masscancellation
    ADD CONSTRAINT trading_masscancella_instrument_id_26e0ceb2_fk_markets_i FOREIGN KEY (instrument_id) REFERENCES public.markets_instrument(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_masscancellation trading_masscancella_wallet_id_612904ab_fk_wallets_w; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_masscancellation
    ADD CONSTRAINT trading_masscancella_wallet_id_612904ab_fk_wallets_w FOREIGN KEY (wallet_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_masscancellation trading_masscancellation_owner_id_1eddfe9d_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_masscancellation
    ADD CONSTRAINT trading_masscancellation_owner_id_1eddfe9d_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_order trading_order_connection_id_1897e27a_fk_wallets_connection_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_order
    ADD CONSTRAINT trading_order_connection_id_1897e27a_fk_wallets_connection_id FOREIGN KEY (connection_id) REFERENCES public.wallets_connection(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_order trading_order_hold_id_287f49e4_fk_wallets_transfer_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_order
    ADD CONSTRAINT trading_order_hold_id_287f49e4_fk_wallets_transfer_id FOREIGN KEY (hold_id) REFERENCES public.wallets_transfer(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_order trading_order_instrument_id_d8b5ad95_fk_markets_instrument_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_order
    ADD CONSTRAINT trading_order_instrument_id_d8b5ad95_fk_markets_instrument_id FOREIGN KEY (instrument_id) REFERENCES public.markets_instrument(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_order trading_order_owner_id_6fbed215_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_order
    ADD CONSTRAINT trading_order_owner_id_6fbed215_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_order trading_order_protects_id_d849777e_fk_trading_position_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_order
    ADD CONSTRAINT trading_order_protects_id_d849777e_fk_trading_position_id FOREIGN KEY (protects_id) REFERENCES public.trading_position(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_order trading_order_replaces_id_29b62372_fk_trading_order_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_order
    ADD CONSTRAINT trading_order_replaces_id_29b62372_fk_trading_order_id FOREIGN KEY (replaces_id) REFERENCES public.trading_order(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_order trading_order_wallet_id_d4be875d_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_order
    ADD CONSTRAINT trading_order_wallet_id_d4be875d_fk_wallets_wallet_id FOREIGN KEY (wallet_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_orderevent trading_orderevent_order_id_2791c525_fk_trading_order_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE public.trading_orderevent
    ADD CONSTRAINT trading_orderevent_order_id_2791c525_fk_trading_order_id FOREIGN KEY (order_id) REFERENCES public.trading_order(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_orderevent trading_orderevent_owner_id_98da209e_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE public.trading_orderevent
    ADD CONSTRAINT trading_orderevent_owner_id_98da209e_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_platformlimit trading_platformlimi_platform_id_43c3a874_fk_wallets_p; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_platformlimit
    ADD CONSTRAINT trading_platformlimi_platform_id_43c3a874_fk_wallets_p FOREIGN KEY (platform_id) REFERENCES public.wallets_platform(slug) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_position trading_position_hold_id_048d34ac_fk_wallets_transfer_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_position
    ADD CONSTRAINT trading_position_hold_id_048d34ac_fk_wallets_transfer_id FOREIGN KEY (hold_id) REFERENCES public.wallets_transfer(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_position trading_position_instrument_id_c2feffa5_fk_markets_i; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_position
    ADD CONSTRAINT trading_position_instrument_id_c2feffa5_fk_markets_i FOREIGN KEY (instrument_id) REFERENCES public.markets_instrument(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_position trading_position_owner_id_211c7ca0_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_position
    ADD CONSTRAINT trading_position_owner_id_211c7ca0_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_position trading_position_wallet_id_5a0f3c6d_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_position
    ADD CONSTRAINT trading_position_wallet_id_5a0f3c6d_fk_wallets_wallet_id FOREIGN KEY (wallet_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_riskdecision trading_riskdecision_order_id_9a74d5a7_fk_trading_order_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE public.trading_riskdecision
    ADD CONSTRAINT trading_riskdecision_order_id_9a74d5a7_fk_trading_order_id FOREIGN KEY (order_id) REFERENCES public.trading_order(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_riskdecision trading_riskdecision_owner_id_ba368ddc_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE public.trading_riskdecision
    ADD CONSTRAINT trading_riskdecision_owner_id_ba368ddc_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_risklimit trading_risklimit_connection_id_06604d6d_fk_wallets_c; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_risklimit
    ADD CONSTRAINT trading_risklimit_connection_id_06604d6d_fk_wallets_c FOREIGN KEY (connection_id) REFERENCES public.wallets_connection(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_risklimit trading_risklimit_owner_id_c8cb452c_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_risklimit
    ADD CONSTRAINT trading_risklimit_owner_id_c8cb452c_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_risklimit trading_risklimit_wallet_id_97d07b6c_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_risklimit
    ADD CONSTRAINT trading_risklimit_wallet_id_97d07b6c_fk_wallets_wallet_id FOREIGN KEY (wallet_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_tradeday trading_tradeday_instrument_id_670a9415_fk_markets_i; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_tradeday
    ADD CONSTRAINT trading_tradeday_instrument_id_670a9415_fk_markets_i FOREIGN KEY (instrument_id) REFERENCES public.markets_instrument(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_tradeday trading_tradeday_owner_id_e2fe3585_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_tradeday
    ADD CONSTRAINT trading_tradeday_owner_id_e2fe3585_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_tradeday trading_tradeday_wallet_id_426f8e2f_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_tradeday
    ADD CONSTRAINT trading_tradeday_wallet_id_426f8e2f_fk_wallets_wallet_id FOREIGN KEY (wallet_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_tradeslice trading_tradeslice_instrument_id_82b6a010_fk_markets_i; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_tradeslice
    ADD CONSTRAINT trading_tradeslice_instrument_id_82b6a010_fk_markets_i FOREIGN KEY (instrument_id) REFERENCES public.markets_instrument(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_tradeslice trading_tradeslice_owner_id_ec91a410_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_tradeslice
    ADD CONSTRAINT trading_tradeslice_owner_id_ec91a410_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_tradeslice trading_tradeslice_wallet_id_f8ea8aea_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_tradeslice
    ADD CONSTRAINT trading_tradeslice_wallet_id_f8ea8aea_fk_wallets_wallet_id FOREIGN KEY (wallet_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_tradetotal trading_tradetotal_instrument_id_08cfac85_fk_markets_i; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_tradetotal
    ADD CONSTRAINT trading_tradetotal_instrument_id_08cfac85_fk_markets_i FOREIGN KEY (instrument_id) REFERENCES public.markets_instrument(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_tradetotal trading_tradetotal_owner_id_d0046aa2_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_tradetotal
    ADD CONSTRAINT trading_tradetotal_owner_id_d0046aa2_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: trading_tradetotal trading_tradetotal_wallet_id_0a257915_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.trading_tradetotal
    ADD CONSTRAINT trading_tradetotal_wallet_id_0a257915_fk_wallets_wallet_id FOREIGN KEY (wallet_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_transfer transfer_posting_same_owner; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_transfer
    ADD CONSTRAINT transfer_posting_same_owner FOREIGN KEY (posting_id, owner_id) REFERENCES public.wallets_posting(id, owner_id);


--
-- Name: users_recoverycode users_recoverycode_owner_id_19f166a0_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users_recoverycode
    ADD CONSTRAINT users_recoverycode_owner_id_19f166a0_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: users_secondfactor users_secondfactor_owner_id_c003492f_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users_secondfactor
    ADD CONSTRAINT users_secondfactor_owner_id_c003492f_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: users_token users_token_owner_id_271da2fc_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users_token
    ADD CONSTRAINT users_token_owner_id_271da2fc_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: users_user_groups users_user_groups_group_id_9afc8d0e_fk_auth_group_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users_user_groups
    ADD CONSTRAINT users_user_groups_group_id_9afc8d0e_fk_auth_group_id FOREIGN KEY (group_id) REFERENCES public.auth_group(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: users_user_groups users_user_groups_user_id_5f6f5a90_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users_user_groups
    ADD CONSTRAINT users_user_groups_user_id_5f6f5a90_fk_users_user_id FOREIGN KEY (user_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: users_user_user_permissions users_user_user_perm_permission_id_0b93982e_fk_auth_perm; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users_user_user_permissions
    ADD CONSTRAINT users_user_user_perm_permission_id_0b93982e_fk_auth_perm FOREIGN KEY (permission_id) REFERENCES public.auth_permission(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: users_user_user_permissions users_user_user_permissions_user_id_20aca447_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.users_user_user_permissions
    ADD CONSTRAINT users_user_user_permissions_user_id_20aca447_fk_users_user_id FOREIGN KEY (user_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_wallet wallet_base_is_the_parents; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_wallet
    ADD CONSTRAINT wallet_base_is_the_parents FOREIGN KEY (parent_id, base_asset) REFERENCES public.wallets_wallet(id, base_asset) ON UPDATE CASCADE;


--
-- Name: wallets_wallet wallet_connection_same_owner; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_wallet
    ADD CONSTRAINT wallet_connection_same_owner FOREIGN KEY (connection_id, owner_id) REFERENCES public.wallets_connection(id, owner_id);


--
-- Name: wallets_wallet wallet_parent_same_owner; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_wallet
    ADD CONSTRAINT wallet_parent_same_owner FOREIGN KEY (parent_id, owner_id) REFERENCES public.wallets_wallet(id, owner_id);


--
-- Name: wallets_allocationline wallets_allocationli_allocation_id_ce04cbb1_fk_wallets_f; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_allocationline
    ADD CONSTRAINT wallets_allocationli_allocation_id_ce04cbb1_fk_wallets_f FOREIGN KEY (allocation_id) REFERENCES public.wallets_fundallocation(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_allocationline wallets_allocationline_owner_id_a54bad11_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_allocationline
    ADD CONSTRAINT wallets_allocationline_owner_id_a54bad11_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_allocationline wallets_allocationline_source_id_961199b1_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_allocationline
    ADD CONSTRAINT wallets_allocationline_source_id_961199b1_fk_wallets_wallet_id FOREIGN KEY (source_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_allocationline wallets_allocationline_target_id_be3cf57a_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_allocationline
    ADD CONSTRAINT wallets_allocationline_target_id_be3cf57a_fk_wallets_wallet_id FOREIGN KEY (target_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_connection wallets_connection_deposits_to_id_02271696_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_connection
    ADD CONSTRAINT wallets_connection_deposits_to_id_02271696_fk_wallets_wallet_id FOREIGN KEY (deposits_to_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_connection wallets_connection_derivatives_to_id_aaabbfa2_fk_wallets_w; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_connection
    ADD CONSTRAINT wallets_connection_derivatives_to_id_aaabbfa2_fk_wallets_w FOREIGN KEY (derivatives_to_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_connection wallets_connection_owner_id_27227bec_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_connection
    ADD CONSTRAINT wallets_connection_owner_id_27227bec_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_connection wallets_connection_platform_id_03a2083b_fk_wallets_p; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_connection
    ADD CONSTRAINT wallets_connection_platform_id_03a2083b_fk_wallets_p FOREIGN KEY (platform_id) REFERENCES public.wallets_platform(slug) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_connection wallets_connection_withdrawals_from_id_6690d29d_fk_wallets_w; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_connection
    ADD CONSTRAINT wallets_connection_withdrawals_from_id_6690d29d_fk_wallets_w FOREIGN KEY (withdrawals_from_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_credential wallets_credential_connection_id_74a241fb_fk_wallets_c; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_credential
    ADD CONSTRAINT wallets_credential_connection_id_74a241fb_fk_wallets_c FOREIGN KEY (connection_id) REFERENCES public.wallets_connection(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_credential wallets_credential_owner_id_579fc4ed_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_credential
    ADD CONSTRAINT wallets_credential_owner_id_579fc4ed_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_credentialfield wallets_credentialfi_platform_id_d79cded5_fk_wallets_p; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_credentialfield
    ADD CONSTRAINT wallets_credentialfi_platform_id_d79cded5_fk_wallets_p FOREIGN KEY (platform_id) REFERENCES public.wallets_platform(slug) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_demobalance wallets_demobalance_connection_id_78ec441b_fk_wallets_c; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_demobalance
    ADD CONSTRAINT wallets_demobalance_connection_id_78ec441b_fk_wallets_c FOREIGN KEY (connection_id) REFERENCES public.wallets_connection(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_demobalance wallets_demobalance_owner_id_fc4dcb66_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_demobalance
    ADD CONSTRAINT wallets_demobalance_owner_id_fc4dcb66_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_demofunding wallets_demofunding_connection_id_27191b72_fk_wallets_c; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_demofunding
    ADD CONSTRAINT wallets_demofunding_connection_id_27191b72_fk_wallets_c FOREIGN KEY (connection_id) REFERENCES public.wallets_connection(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_demofunding wallets_demofunding_owner_id_d472bf4c_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_demofunding
    ADD CONSTRAINT wallets_demofunding_owner_id_d472bf4c_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_demoorder wallets_demoorder_connection_id_a4db9cbf_fk_wallets_c; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_demoorder
    ADD CONSTRAINT wallets_demoorder_connection_id_a4db9cbf_fk_wallets_c FOREIGN KEY (connection_id) REFERENCES public.wallets_connection(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_demoorder wallets_demoorder_owner_id_cc99406f_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_demoorder
    ADD CONSTRAINT wallets_demoorder_owner_id_cc99406f_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_demoposition wallets_demoposition_connection_id_357e61a4_fk_wallets_c; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_demoposition
    ADD CONSTRAINT wallets_demoposition_connection_id_357e61a4_fk_wallets_c FOREIGN KEY (connection_id) REFERENCES public.wallets_connection(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_demoposition wallets_demoposition_owner_id_a50f2c63_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_demoposition
    ADD CONSTRAINT wallets_demoposition_owner_id_a50f2c63_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_demotrade wallets_demotrade_order_id_eff0ea44_fk_wallets_demoorder_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_demotrade
    ADD CONSTRAINT wallets_demotrade_order_id_eff0ea44_fk_wallets_demoorder_id FOREIGN KEY (order_id) REFERENCES public.wallets_demoorder(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_demotrade wallets_demotrade_owner_id_0513f329_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_demotrade
    ADD CONSTRAINT wallets_demotrade_owner_id_0513f329_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_fundallocation wallets_fundallocati_posting_id_cabdf7d3_fk_wallets_p; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_fundallocation
    ADD CONSTRAINT wallets_fundallocati_posting_id_cabdf7d3_fk_wallets_p FOREIGN KEY (posting_id) REFERENCES public.wallets_posting(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_fundallocation wallets_fundallocation_owner_id_34eeb560_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_fundallocation
    ADD CONSTRAINT wallets_fundallocation_owner_id_34eeb560_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_fundallocation wallets_fundallocation_source_id_828fdbef_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_fundallocation
    ADD CONSTRAINT wallets_fundallocation_source_id_828fdbef_fk_wallets_wallet_id FOREIGN KEY (source_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_fundallocation wallets_fundallocation_target_id_e5043026_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_fundallocation
    ADD CONSTRAINT wallets_fundallocation_target_id_e5043026_fk_wallets_wallet_id FOREIGN KEY (target_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_ledgerproof wallets_ledgerproof_owner_id_3242e59f_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_ledgerproof
    ADD CONSTRAINT wallets_ledgerproof_owner_id_3242e59f_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_reconciliation wallets_reconciliation_owner_id_11387c35_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_reconciliation
    ADD CONSTRAINT wallets_reconciliation_owner_id_11387c35_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_reconciliation wallets_reconciliation_run_id_51a68ca2_fk_wallets_syncrun_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_reconciliation
    ADD CONSTRAINT wallets_reconciliation_run_id_51a68ca2_fk_wallets_syncrun_id FOREIGN KEY (run_id) REFERENCES public.wallets_syncrun(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_rulerun wallets_rulerun_allocation_id_316bbca7_fk_wallets_f; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_rulerun
    ADD CONSTRAINT wallets_rulerun_allocation_id_316bbca7_fk_wallets_f FOREIGN KEY (allocation_id) REFERENCES public.wallets_fundallocation(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_rulerun wallets_rulerun_owner_id_628e8110_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_rulerun
    ADD CONSTRAINT wallets_rulerun_owner_id_628e8110_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_rulerun wallets_rulerun_rule_id_4c598052_fk_wallets_walletrule_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_rulerun
    ADD CONSTRAINT wallets_rulerun_rule_id_4c598052_fk_wallets_walletrule_id FOREIGN KEY (rule_id) REFERENCES public.wallets_walletrule(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_syncrun wallets_syncrun_connection_id_708ac631_fk_wallets_connection_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_syncrun
    ADD CONSTRAINT wallets_syncrun_connection_id_708ac631_fk_wallets_connection_id FOREIGN KEY (connection_id) REFERENCES public.wallets_connection(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_syncrun wallets_syncrun_owner_id_808a3bd3_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_syncrun
    ADD CONSTRAINT wallets_syncrun_owner_id_808a3bd3_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_syncturn wallets_syncturn_connection_id_1e29dc4f_fk_wallets_c; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_syncturn
    ADD CONSTRAINT wallets_syncturn_connection_id_1e29dc4f_fk_wallets_c FOREIGN KEY (connection_id) REFERENCES public.wallets_connection(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_syncturn wallets_syncturn_owner_id_26a64e9e_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_syncturn
    ADD CONSTRAINT wallets_syncturn_owner_id_26a64e9e_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_venueincome wallets_venueincome_connection_id_3e108ee4_fk_wallets_c; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_venueincome
    ADD CONSTRAINT wallets_venueincome_connection_id_3e108ee4_fk_wallets_c FOREIGN KEY (connection_id) REFERENCES public.wallets_connection(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_venueincome wallets_venueincome_owner_id_4dcf9f4c_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_venueincome
    ADD CONSTRAINT wallets_venueincome_owner_id_4dcf9f4c_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_venueincome wallets_venueincome_wallet_id_a1419051_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_venueincome
    ADD CONSTRAINT wallets_venueincome_wallet_id_a1419051_fk_wallets_wallet_id FOREIGN KEY (wallet_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_venuemovement wallets_venuemovemen_connection_id_8cd788c9_fk_wallets_c; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_venuemovement
    ADD CONSTRAINT wallets_venuemovemen_connection_id_8cd788c9_fk_wallets_c FOREIGN KEY (connection_id) REFERENCES public.wallets_connection(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_venuemovement wallets_venuemovement_owner_id_f8419d6d_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_venuemovement
    ADD CONSTRAINT wallets_venuemovement_owner_id_f8419d6d_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_venuemovement wallets_venuemovement_wallet_id_96ec3b76_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_venuemovement
    ADD CONSTRAINT wallets_venuemovement_wallet_id_96ec3b76_fk_wallets_wallet_id FOREIGN KEY (wallet_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_venueposition wallets_venuepositio_connection_id_2766978d_fk_wallets_c; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_venueposition
    ADD CONSTRAINT wallets_venuepositio_connection_id_2766978d_fk_wallets_c FOREIGN KEY (connection_id) REFERENCES public.wallets_connection(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_venueposition wallets_venueposition_owner_id_a18e4638_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_venueposition
    ADD CONSTRAINT wallets_venueposition_owner_id_a18e4638_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_venueposition wallets_venueposition_wallet_id_845d5c5f_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_venueposition
    ADD CONSTRAINT wallets_venueposition_wallet_id_845d5c5f_fk_wallets_wallet_id FOREIGN KEY (wallet_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_wallet wallets_wallet_connection_id_70b3ac06_fk_wallets_connection_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_wallet
    ADD CONSTRAINT wallets_wallet_connection_id_70b3ac06_fk_wallets_connection_id FOREIGN KEY (connection_id) REFERENCES public.wallets_connection(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_wallet wallets_wallet_owner_id_17fe3341_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_wallet
    ADD CONSTRAINT wallets_wallet_owner_id_17fe3341_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_wallet wallets_wallet_parent_id_7493c2d3_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_wallet
    ADD CONSTRAINT wallets_wallet_parent_id_7493c2d3_fk_wallets_wallet_id FOREIGN KEY (parent_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_walletrule wallets_walletrule_owner_id_f18a9bc4_fk_users_user_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_walletrule
    ADD CONSTRAINT wallets_walletrule_owner_id_f18a9bc4_fk_users_user_id FOREIGN KEY (owner_id) REFERENCES public.users_user(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: wallets_walletrule wallets_walletrule_wallet_id_9c9052ba_fk_wallets_wallet_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.wallets_walletrule
    ADD CONSTRAINT wallets_walletrule_wallet_id_9c9052ba_fk_wallets_wallet_id FOREIGN KEY (wallet_id) REFERENCES public.wallets_wallet(id) DEFERRABLE INITIALLY DEFERRED;


--
-- Name: alerts_alert; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.alerts_alert ENABLE ROW LEVEL SECURITY;

--
-- Name: alerts_channel; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.alerts_channel ENABLE ROW LEVEL SECURITY;

--
-- Name: alerts_delivery; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.alerts_delivery ENABLE ROW LEVEL SECURITY;

--
-- Name: alerts_mute; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.alerts_mute ENABLE ROW LEVEL SECURITY;

--
-- Name: alerts_platformalert; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.alerts_platformalert ENABLE ROW LEVEL SECURITY;

--
-- Name: alerts_taskfailure; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.alerts_taskfailure ENABLE ROW LEVEL SECURITY;

--
-- Name: approvals_approval; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.approvals_approval ENABLE ROW LEVEL SECURITY;

--
-- Name: audit_auditentry; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.audit_auditentry ENABLE ROW LEVEL SECURITY;

--
-- Name: audit_auditentry_rest; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.audit_auditentry_rest ENABLE ROW LEVEL SECURITY;

--
-- Name: audit_call; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.audit_call ENABLE ROW LEVEL SECURITY;

--
-- Name: audit_call_rest; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.audit_call_rest ENABLE ROW LEVEL SECURITY;

--
-- Name: farms_advicecall; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.farms_advicecall ENABLE ROW LEVEL SECURITY;

--
-- Name: farms_advicelevel; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.farms_advicelevel ENABLE ROW LEVEL SECURITY;

--
-- Name: farms_adviceproposal; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.farms_adviceproposal ENABLE ROW LEVEL SECURITY;

--
-- Name: farms_advicesetting; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.farms_advicesetting ENABLE ROW LEVEL SECURITY;

--
-- Name: farms_advicewatch; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.farms_advicewatch ENABLE ROW LEVEL SECURITY;

--
-- Name: farms_agent; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.farms_agent ENABLE ROW LEVEL SECURITY;

--
-- Name: farms_agentfarmassignment; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.farms_agentfarmassignment ENABLE ROW LEVEL SECURITY;

--
-- Name: farms_agentrun; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.farms_agentrun ENABLE ROW LEVEL SECURITY;

--
-- Name: farms_agentrun_rest; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.farms_agentrun_rest ENABLE ROW LEVEL SECURITY;

--
-- Name: farms_backtest; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.farms_backtest ENABLE ROW LEVEL SECURITY;

--
-- Name: farms_backtestresult; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.farms_backtestresult ENABLE ROW LEVEL SECURITY;

--
-- Name: farms_download; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.farms_download ENABLE ROW LEVEL SECURITY;

--
-- Name: farms_farm; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.farms_farm ENABLE ROW LEVEL SECURITY;

--
-- Name: farms_farmevent; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.farms_farmevent ENABLE ROW LEVEL SECURITY;

--
-- Name: farms_promotion; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.farms_promotion ENABLE ROW LEVEL SECURITY;

--
-- Name: farms_strategy; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.farms_strategy ENABLE ROW LEVEL SECURITY;

--
-- Name: farms_strategyversion; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.farms_strategyversion ENABLE ROW LEVEL SECURITY;

--
-- Name: farms_sweep; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.farms_sweep ENABLE ROW LEVEL SECURITY;

--
-- Name: farms_sweepblock; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.farms_sweepblock ENABLE ROW LEVEL SECURITY;

--
-- Name: farms_sweepresult; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.farms_sweepresult ENABLE ROW LEVEL SECURITY;

--
-- Name: farms_verdict; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.farms_verdict ENABLE ROW LEVEL SECURITY;

--
-- Name: goals_goal; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.goals_goal ENABLE ROW LEVEL SECURITY;

--
-- Name: goals_goalaction; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.goals_goalaction ENABLE ROW LEVEL SECURITY;

--
-- Name: goals_goalassignment; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.goals_goalassignment ENABLE ROW LEVEL SECURITY;

--
-- Name: goals_goalcursor; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.goals_goalcursor ENABLE ROW LEVEL SECURITY;

--
-- Name: goals_goalevent; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.goals_goalevent ENABLE ROW LEVEL SECURITY;

--
-- Name: goals_goalmove; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.goals_goalmove ENABLE ROW LEVEL SECURITY;

--
-- Name: goals_goalprogress; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.goals_goalprogress ENABLE ROW LEVEL SECURITY;

--
-- Name: goals_goaltotal; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.goals_goaltotal ENABLE ROW LEVEL SECURITY;

--
-- Name: alerts_platformalert operators_acknowledge; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY operators_acknowledge ON public.alerts_platformalert FOR UPDATE USING (( SELECT (users_user.is_staff AND users_user.is_active)
   FROM public.users_user
  WHERE (users_user.id = (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid))) WITH CHECK (( SELECT (users_user.is_staff AND users_user.is_active)
   FROM public.users_user
  WHERE (users_user.id = (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid)));


--
-- Name: alerts_platformalert operators_read; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY operators_read ON public.alerts_platformalert FOR SELECT USING (( SELECT (users_user.is_staff AND users_user.is_active)
   FROM public.users_user
  WHERE (users_user.id = (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid)));


--
-- Name: alerts_alert owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.alerts_alert USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: alerts_channel owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.alerts_channel USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: alerts_delivery owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.alerts_delivery USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: alerts_mute owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.alerts_mute USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: alerts_taskfailure owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.alerts_taskfailure USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: approvals_approval owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.approvals_approval USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: audit_auditentry owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.audit_auditentry USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: audit_call owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.audit_call USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: farms_advicecall owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.farms_advicecall USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: farms_advicelevel owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.farms_advicelevel USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: farms_adviceproposal owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.farms_adviceproposal USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: farms_advicesetting owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.farms_advicesetting USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: farms_advicewatch owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.farms_advicewatch USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: farms_agent owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.farms_agent USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: farms_agentfarmassignment owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.farms_agentfarmassignment USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: farms_agentrun owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.farms_agentrun USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: farms_backtest owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.farms_backtest USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: farms_backtestresult owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.farms_backtestresult USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: farms_download owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.farms_download USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: farms_farm owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.farms_farm USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: farms_farmevent owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.farms_farmevent USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: farms_promotion owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.farms_promotion USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: farms_strategy owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.farms_strategy USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: farms_strategyversion owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.farms_strategyversion USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: farms_sweep owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.farms_sweep USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: farms_sweepblock owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.farms_sweepblock USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: farms_sweepresult owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.farms_sweepresult USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: farms_verdict owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.farms_verdict USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: goals_goal owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.goals_goal USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: goals_goalaction owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.goals_goalaction USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: goals_goalassignment owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.goals_goalassignment USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: goals_goalcursor owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.goals_goalcursor USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: goals_goalevent owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.goals_goalevent USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: goals_goalmove owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.goals_goalmove USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: goals_goalprogress owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.goals_goalprogress USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: goals_goaltotal owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.goals_goaltotal USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: portfolio_allocationplan owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.portfolio_allocationplan USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: portfolio_correction owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.portfolio_correction USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: portfolio_dailyperformance owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.portfolio_dailyperformance USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: portfolio_exposurelevel owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.portfolio_exposurelevel USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: portfolio_exposurelimit owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.portfolio_exposurelimit USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: portfolio_flowmark owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.portfolio_flowmark USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: portfolio_hourlyperformance owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.portfolio_hourlyperformance USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: portfolio_portfoliostate owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.portfolio_portfoliostate USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: portfolio_rebalancerule owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.portfolio_rebalancerule USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: portfolio_rebalancerun owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.portfolio_rebalancerun USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: portfolio_snapshot owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.portfolio_snapshot USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: portfolio_stay owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.portfolio_stay USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: trading_aistate owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.trading_aistate USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: trading_amendment owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.trading_amendment USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: trading_cancellation owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.trading_cancellation USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: trading_emergencystop owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.trading_emergencystop USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: trading_entrylock owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.trading_entrylock USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: trading_fill owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.trading_fill USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: trading_heldtotal owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.trading_heldtotal USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: trading_masscancellation owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.trading_masscancellation USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: trading_order owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.trading_order USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: trading_orderevent owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.trading_orderevent USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: trading_position owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.trading_position USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: trading_riskdecision owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.trading_riskdecision USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: trading_risklimit owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.trading_risklimit USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: trading_tradeday owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.trading_tradeday USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: trading_tradeslice owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.trading_tradeslice USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: trading_tradetotal owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.trading_tradetotal USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: users_recoverycode owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.users_recoverycode USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: users_secondfactor owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.users_secondfactor USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: users_token owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.users_token USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: wallets_account owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.wallets_account USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: wallets_allocationline owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.wallets_allocationline USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: wallets_connection owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.wallets_connection USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: wallets_credential owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.wallets_credential USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: wallets_demobalance owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.wallets_demobalance USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: wallets_demofunding owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.wallets_demofunding USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: wallets_demoorder owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.wallets_demoorder USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: wallets_demoposition owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.wallets_demoposition USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: wallets_demotrade owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.wallets_demotrade USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: wallets_fundallocation owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.wallets_fundallocation USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: wallets_ledgerproof owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.wallets_ledgerproof USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: wallets_posting owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.wallets_posting USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: wallets_reconciliation owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.wallets_reconciliation USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: wallets_rulerun owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.wallets_rulerun USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: wallets_syncrun owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.wallets_syncrun USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: wallets_syncturn owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.wallets_syncturn USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: wallets_transfer owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.wallets_transfer USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: wallets_venueincome owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.wallets_venueincome USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: wallets_venuemovement owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.wallets_venuemovement USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: wallets_venueposition owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.wallets_venueposition USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: wallets_wallet owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.wallets_wallet USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: wallets_walletrule owner_only; Type: POLICY; Schema: public; Owner: -
--

CREATE POLICY owner_only ON public.wallets_walletrule USING ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif"))) WITH CHECK ((owner_id = ( SELECT (NULLIF(current_setting('app.user_id'::text, true), ''::text))::uuid AS "nullif")));


--
-- Name: portfolio_allocationplan; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.portfolio_allocationplan ENABLE ROW LEVEL SECURITY;

--
-- Name: portfolio_correction; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.portfolio_correction ENABLE ROW LEVEL SECURITY;

--
-- Name: portfolio_dailyperformance; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.portfolio_dailyperformance ENABLE ROW LEVEL SECURITY;

--
-- Name: portfolio_exposurelevel; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.portfolio_exposurelevel ENABLE ROW LEVEL SECURITY;

--
-- Name: portfolio_exposurelimit; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.portfolio_exposurelimit ENABLE ROW LEVEL SECURITY;

--
-- Name: portfolio_flowmark; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.portfolio_flowmark ENABLE ROW LEVEL SECURITY;

--
-- Name: portfolio_hourlyperformance; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.portfolio_hourlyperformance ENABLE ROW LEVEL SECURITY;

--
-- Name: portfolio_portfoliostate; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.portfolio_portfoliostate ENABLE ROW LEVEL SECURITY;

--
-- Name: portfolio_rebalancerule; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.portfolio_rebalancerule ENABLE ROW LEVEL SECURITY;

--
-- Name: portfolio_rebalancerun; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.portfolio_rebalancerun ENABLE ROW LEVEL SECURITY;

--
-- Name: portfolio_snapshot; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.portfolio_snapshot ENABLE ROW LEVEL SECURITY;

--
-- Name: portfolio_stay; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.portfolio_stay ENABLE ROW LEVEL SECURITY;

--
-- Name: trading_aistate; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.trading_aistate ENABLE ROW LEVEL SECURITY;

--
-- Name: trading_amendment; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.trading_amendment ENABLE ROW LEVEL SECURITY;

--
-- Name: trading_cancellation; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.trading_cancellation ENABLE ROW LEVEL SECURITY;

--
-- Name: trading_emergencystop; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.trading_emergencystop ENABLE ROW LEVEL SECURITY;

--
-- Name: trading_entrylock; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.trading_entrylock ENABLE ROW LEVEL SECURITY;

--
-- Name: trading_fill; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.trading_fill ENABLE ROW LEVEL SECURITY;

--
-- Name: trading_heldtotal; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.trading_heldtotal ENABLE ROW LEVEL SECURITY;

--
-- Name: trading_masscancellation; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.trading_masscancellation ENABLE ROW LEVEL SECURITY;

--
-- Name: trading_order; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.trading_order ENABLE ROW LEVEL SECURITY;

--
-- Name: trading_orderevent; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.trading_orderevent ENABLE ROW LEVEL SECURITY;

--
-- Name: trading_orderevent_rest; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.trading_orderevent_rest ENABLE ROW LEVEL SECURITY;

--
-- Name: trading_position; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.trading_position ENABLE ROW LEVEL SECURITY;

--
-- Name: trading_riskdecision; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.trading_riskdecision ENABLE ROW LEVEL SECURITY;

--
-- Name: trading_riskdecision_rest; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.trading_riskdecision_rest ENABLE ROW LEVEL SECURITY;

--
-- Name: trading_risklimit; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.trading_risklimit ENABLE ROW LEVEL SECURITY;

--
-- Name: trading_tradeday; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.trading_tradeday ENABLE ROW LEVEL SECURITY;

--
-- Name: trading_tradeslice; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.trading_tradeslice ENABLE ROW LEVEL SECURITY;

--
-- Name: trading_tradetotal; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.trading_tradetotal ENABLE ROW LEVEL SECURITY;

--
-- Name: users_recoverycode; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.users_recoverycode ENABLE ROW LEVEL SECURITY;

--
-- Name: users_secondfactor; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.users_secondfactor ENABLE ROW LEVEL SECURITY;

--
-- Name: users_token; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.users_token ENABLE ROW LEVEL SECURITY;

--
-- Name: wallets_account; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.wallets_account ENABLE ROW LEVEL SECURITY;

--
-- Name: wallets_allocationline; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.wallets_allocationline ENABLE ROW LEVEL SECURITY;

--
-- Name: wallets_connection; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.wallets_connection ENABLE ROW LEVEL SECURITY;

--
-- Name: wallets_credential; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.wallets_credential ENABLE ROW LEVEL SECURITY;

--
-- Name: wallets_demobalance; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.wallets_demobalance ENABLE ROW LEVEL SECURITY;

--
-- Name: wallets_demofunding; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.wallets_demofunding ENABLE ROW LEVEL SECURITY;

--
-- Name: wallets_demoorder; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.wallets_demoorder ENABLE ROW LEVEL SECURITY;

--
-- Name: wallets_demoposition; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.wallets_demoposition ENABLE ROW LEVEL SECURITY;

--
-- Name: wallets_demotrade; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.wallets_demotrade ENABLE ROW LEVEL SECURITY;

--
-- Name: wallets_fundallocation; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.wallets_fundallocation ENABLE ROW LEVEL SECURITY;

--
-- Name: wallets_ledgerproof; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.wallets_ledgerproof ENABLE ROW LEVEL SECURITY;

--
-- Name: wallets_posting; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.wallets_posting ENABLE ROW LEVEL SECURITY;

--
-- Name: wallets_reconciliation; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.wallets_reconciliation ENABLE ROW LEVEL SECURITY;

--
-- Name: wallets_rulerun; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.wallets_rulerun ENABLE ROW LEVEL SECURITY;

--
-- Name: wallets_syncrun; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.wallets_syncrun ENABLE ROW LEVEL SECURITY;

--
-- Name: wallets_syncturn; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.wallets_syncturn ENABLE ROW LEVEL SECURITY;

--
-- Name: wallets_transfer; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.wallets_transfer ENABLE ROW LEVEL SECURITY;

--
-- Name: wallets_venueincome; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.wallets_venueincome ENABLE ROW LEVEL SECURITY;

--
-- Name: wallets_venuemovement; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.wallets_venuemovement ENABLE ROW LEVEL SECURITY;

--
-- Name: wallets_venueposition; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.wallets_venueposition ENABLE ROW LEVEL SECURITY;

--
-- Name: wallets_wallet; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.wallets_wallet ENABLE ROW LEVEL SECURITY;

--
-- Name: wallets_walletrule; Type: ROW SECURITY; Schema: public; Owner: -
--

ALTER TABLE public.wallets_walletrule ENABLE ROW LEVEL SECURITY;

--
-- Name: FUNCTION follow_version(); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.follow_version() TO moniqo_app;
GRANT ALL ON FUNCTION public.follow_version() TO moniqo_system;


--
-- Name: FUNCTION goals_cursors_begin_anew(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.goals_cursors_begin_anew() FROM PUBLIC;
GRANT ALL ON FUNCTION public.goals_cursors_begin_anew() TO moniqo_app;
GRANT ALL ON FUNCTION public.goals_cursors_begin_anew() TO moniqo_system;


--
-- Name: FUNCTION goals_is_under_way(goal uuid); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.goals_is_under_way(goal uuid) TO moniqo_app;
GRANT ALL ON FUNCTION public.goals_is_under_way(goal uuid) TO moniqo_system;


--
-- Name: FUNCTION has_orders(p_wallet uuid, p_statuses text[]); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.has_orders(p_wallet uuid, p_statuses text[]) TO moniqo_app;
GRANT ALL ON FUNCTION public.has_orders(p_wallet uuid, p_statuses text[]) TO moniqo_system;


--
-- Name: FUNCTION held_at(p_owner uuid, p_moments timestamp with time zone[], p_base text, p_quote text); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.held_at(p_owner uuid, p_moments timestamp with time zone[], p_base text, p_quote text) TO moniqo_app;
GRANT ALL ON FUNCTION public.held_at(p_owner uuid, p_moments timestamp with time zone[], p_base text, p_quote text) TO moniqo_system;


--
-- Name: TABLE wallets_fundallocation; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE ON TABLE public.wallets_fundallocation TO moniqo_app;
GRANT SELECT,INSERT,DELETE ON TABLE public.wallets_fundallocation TO moniqo_system;


--
-- Name: COLUMN wallets_fundallocation.created_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(created_at) ON TABLE public.wallets_fundallocation TO moniqo_system;
GRANT UPDATE(created_at) ON TABLE public.wallets_fundallocation TO moniqo_app;


--
-- Name: COLUMN wallets_fundallocation.posting_id; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(posting_id) ON TABLE public.wallets_fundallocation TO moniqo_system;
GRANT UPDATE(posting_id) ON TABLE public.wallets_fundallocation TO moniqo_app;


--
-- Name: COLUMN wallets_fundallocation.status; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(status) ON TABLE public.wallets_fundallocation TO moniqo_system;
GRANT UPDATE(status) ON TABLE public.wallets_fundallocation TO moniqo_app;


--
-- Name: FUNCTION ledger_allocation_agrees(a public.wallets_fundallocation); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.ledger_allocation_agrees(a public.wallets_fundallocation) TO moniqo_app;
GRANT ALL ON FUNCTION public.ledger_allocation_agrees(a public.wallets_fundallocation) TO moniqo_system;


--
-- Name: FUNCTION ledger_as_of(p_accounts bigint[], p_transfer bigint, p_at timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.ledger_as_of(p_accounts bigint[], p_transfer bigint, p_at timestamp with time zone) TO moniqo_app;
GRANT ALL ON FUNCTION public.ledger_as_of(p_accounts bigint[], p_transfer bigint, p_at timestamp with time zone) TO moniqo_system;


--
-- Name: FUNCTION ledger_attempt(p_owner uuid, p_key text, p_kind text, p_legs jsonb, p_detail jsonb, p_at timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ledger_attempt(p_owner uuid, p_key text, p_kind text, p_legs jsonb, p_detail jsonb, p_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ledger_attempt(p_owner uuid, p_key text, p_kind text, p_legs jsonb, p_detail jsonb, p_at timestamp with time zone) TO moniqo_app;
GRANT ALL ON FUNCTION public.ledger_attempt(p_owner uuid, p_key text, p_kind text, p_legs jsonb, p_detail jsonb, p_at timestamp with time zone) TO moniqo_system;


--
-- Name: FUNCTION ledger_check_allocation(); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.ledger_check_allocation() TO moniqo_app;
GRANT ALL ON FUNCTION public.ledger_check_allocation() TO moniqo_system;


--
-- Name: FUNCTION ledger_check_line(); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.ledger_check_line() TO moniqo_app;
GRANT ALL ON FUNCTION public.ledger_check_line() TO moniqo_system;


--
-- Name: FUNCTION ledger_hash(p_kind text, p_legs jsonb, p_detail jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ledger_hash(p_kind text, p_legs jsonb, p_detail jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ledger_hash(p_kind text, p_legs jsonb, p_detail jsonb) TO moniqo_app;
GRANT ALL ON FUNCTION public.ledger_hash(p_kind text, p_legs jsonb, p_detail jsonb) TO moniqo_system;


--
-- Name: FUNCTION ledger_keep_line(); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.ledger_keep_line() TO moniqo_app;
GRANT ALL ON FUNCTION public.ledger_keep_line() TO moniqo_system;


--
-- Name: TABLE wallets_allocationline; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE ON TABLE public.wallets_allocationline TO moniqo_app;
GRANT SELECT,INSERT,DELETE ON TABLE public.wallets_allocationline TO moniqo_system;


--
-- Name: FUNCTION ledger_line_agrees(l public.wallets_allocationline, p_posting bigint); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.ledger_line_agrees(l public.wallets_allocationline, p_posting bigint) TO moniqo_app;
GRANT ALL ON FUNCTION public.ledger_line_agrees(l public.wallets_allocationline, p_posting bigint) TO moniqo_system;


--
-- Name: FUNCTION ledger_lock(p_wallets uuid[], p_assets text[]); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ledger_lock(p_wallets uuid[], p_assets text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ledger_lock(p_wallets uuid[], p_assets text[]) TO moniqo_app;
GRANT ALL ON FUNCTION public.ledger_lock(p_wallets uuid[], p_assets text[]) TO moniqo_system;


--
-- Name: FUNCTION ledger_move(); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.ledger_move() TO moniqo_app;
GRANT ALL ON FUNCTION public.ledger_move() TO moniqo_system;


--
-- Name: FUNCTION ledger_open_accounts(p_owner uuid, p_legs jsonb); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ledger_open_accounts(p_owner uuid, p_legs jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ledger_open_accounts(p_owner uuid, p_legs jsonb) TO moniqo_app;
GRANT ALL ON FUNCTION public.ledger_open_accounts(p_owner uuid, p_legs jsonb) TO moniqo_system;


--
-- Name: FUNCTION ledger_post(p_owner uuid, p_key text, p_kind text, p_legs jsonb, p_detail jsonb, p_at timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ledger_post(p_owner uuid, p_key text, p_kind text, p_legs jsonb, p_detail jsonb, p_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ledger_post(p_owner uuid, p_key text, p_kind text, p_legs jsonb, p_detail jsonb, p_at timestamp with time zone) TO moniqo_app;
GRANT ALL ON FUNCTION public.ledger_post(p_owner uuid, p_key text, p_kind text, p_legs jsonb, p_detail jsonb, p_at timestamp with time zone) TO moniqo_system;


--
-- Name: FUNCTION ledger_post_many(p_owner uuid, p_requests jsonb, p_at timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.ledger_post_many(p_owner uuid, p_requests jsonb, p_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.ledger_post_many(p_owner uuid, p_requests jsonb, p_at timestamp with time zone) TO moniqo_app;
GRANT ALL ON FUNCTION public.ledger_post_many(p_owner uuid, p_requests jsonb, p_at timestamp with time zone) TO moniqo_system;


--
-- Name: FUNCTION ledger_refuse_change(); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.ledger_refuse_change() TO moniqo_app;
GRANT ALL ON FUNCTION public.ledger_refuse_change() TO moniqo_system;


--
-- Name: FUNCTION ledger_refuse_direct_change(); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.ledger_refuse_direct_change() TO moniqo_app;
GRANT ALL ON FUNCTION public.ledger_refuse_direct_change() TO moniqo_system;


--
-- Name: FUNCTION ledger_refuse_kind(); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.ledger_refuse_kind() TO moniqo_app;
GRANT ALL ON FUNCTION public.ledger_refuse_kind() TO moniqo_system;


--
-- Name: FUNCTION market_closes(p_instruments bigint[], p_at timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.market_closes(p_instruments bigint[], p_at timestamp with time zone) TO moniqo_app;
GRANT ALL ON FUNCTION public.market_closes(p_instruments bigint[], p_at timestamp with time zone) TO moniqo_system;


--
-- Name: FUNCTION market_extremes(p_instrument bigint, p_since timestamp with time zone, p_until timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.market_extremes(p_instrument bigint, p_since timestamp with time zone, p_until timestamp with time zone) TO moniqo_app;
GRANT ALL ON FUNCTION public.market_extremes(p_instrument bigint, p_since timestamp with time zone, p_until timestamp with time zone) TO moniqo_system;


--
-- Name: FUNCTION market_known_quotes(p_instruments bigint[], p_at timestamp with time zone, p_is_live boolean); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.market_known_quotes(p_instruments bigint[], p_at timestamp with time zone, p_is_live boolean) TO moniqo_app;
GRANT ALL ON FUNCTION public.market_known_quotes(p_instruments bigint[], p_at timestamp with time zone, p_is_live boolean) TO moniqo_system;


--
-- Name: FUNCTION market_priced_at(p_venue text); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.market_priced_at(p_venue text) TO moniqo_app;
GRANT ALL ON FUNCTION public.market_priced_at(p_venue text) TO moniqo_system;


--
-- Name: FUNCTION market_prices(p_venue text, p_base text, p_assets text[], p_at timestamp with time zone, p_is_live boolean); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.market_prices(p_venue text, p_base text, p_assets text[], p_at timestamp with time zone, p_is_live boolean) TO moniqo_app;
GRANT ALL ON FUNCTION public.market_prices(p_venue text, p_base text, p_assets text[], p_at timestamp with time zone, p_is_live boolean) TO moniqo_system;


--
-- Name: FUNCTION market_quotes(p_instruments bigint[], p_at timestamp with time zone, p_is_live boolean); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.market_quotes(p_instruments bigint[], p_at timestamp with time zone, p_is_live boolean) TO moniqo_app;
GRANT ALL ON FUNCTION public.market_quotes(p_instruments bigint[], p_at timestamp with time zone, p_is_live boolean) TO moniqo_system;


--
-- Name: FUNCTION market_regime(p_instrument bigint, p_at timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.market_regime(p_instrument bigint, p_at timestamp with time zone) TO moniqo_app;
GRANT ALL ON FUNCTION public.market_regime(p_instrument bigint, p_at timestamp with time zone) TO moniqo_system;


--
-- Name: FUNCTION market_remember_price(); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.market_remember_price() TO moniqo_app;
GRANT ALL ON FUNCTION public.market_remember_price() TO moniqo_system;


--
-- Name: FUNCTION market_timeframes(); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.market_timeframes() TO moniqo_app;
GRANT ALL ON FUNCTION public.market_timeframes() TO moniqo_system;


--
-- Name: FUNCTION month_begin_over(p_table regclass, p_month date); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.month_begin_over(p_table regclass, p_month date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.month_begin_over(p_table regclass, p_month date) TO moniqo_app;
GRANT ALL ON FUNCTION public.month_begin_over(p_table regclass, p_month date) TO moniqo_system;


--
-- Name: FUNCTION month_bound(p_table regclass, p_month date); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.month_bound(p_table regclass, p_month date) TO moniqo_app;
GRANT ALL ON FUNCTION public.month_bound(p_table regclass, p_month date) TO moniqo_system;


--
-- Name: FUNCTION month_close(p_part text); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.month_close(p_part text) FROM PUBLIC;
GRANT ALL ON FUNCTION public.month_close(p_part text) TO moniqo_app;
GRANT ALL ON FUNCTION public.month_close(p_part text) TO moniqo_system;


--
-- Name: FUNCTION month_go_on(p_table regclass, p_month date, p_stays boolean); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.month_go_on(p_table regclass, p_month date, p_stays boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION public.month_go_on(p_table regclass, p_month date, p_stays boolean) TO moniqo_app;
GRANT ALL ON FUNCTION public.month_go_on(p_table regclass, p_month date, p_stays boolean) TO moniqo_system;


--
-- Name: FUNCTION month_make(p_table regclass, p_day date); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.month_make(p_table regclass, p_day date) FROM PUBLIC;
GRANT ALL ON FUNCTION public.month_make(p_table regclass, p_day date) TO moniqo_app;
GRANT ALL ON FUNCTION public.month_make(p_table regclass, p_day date) TO moniqo_system;


--
-- Name: FUNCTION month_may_go(p_month date); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.month_may_go(p_month date) TO moniqo_app;
GRANT ALL ON FUNCTION public.month_may_go(p_month date) TO moniqo_system;


--
-- Name: FUNCTION month_part(p_table regclass, p_month date); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.month_part(p_table regclass, p_month date) TO moniqo_app;
GRANT ALL ON FUNCTION public.month_part(p_table regclass, p_month date) TO moniqo_system;


--
-- Name: FUNCTION month_rest_away(p_table regclass); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.month_rest_away(p_table regclass) FROM PUBLIC;
GRANT ALL ON FUNCTION public.month_rest_away(p_table regclass) TO moniqo_app;
GRANT ALL ON FUNCTION public.month_rest_away(p_table regclass) TO moniqo_system;


--
-- Name: FUNCTION month_rest_off(p_table regclass); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.month_rest_off(p_table regclass) FROM PUBLIC;
GRANT ALL ON FUNCTION public.month_rest_off(p_table regclass) TO moniqo_app;
GRANT ALL ON FUNCTION public.month_rest_off(p_table regclass) TO moniqo_system;


--
-- Name: FUNCTION months_make_ahead(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.months_make_ahead() FROM PUBLIC;
GRANT ALL ON FUNCTION public.months_make_ahead() TO moniqo_app;
GRANT ALL ON FUNCTION public.months_make_ahead() TO moniqo_system;


--
-- Name: FUNCTION months_of(p_table regclass); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.months_of(p_table regclass) TO moniqo_app;
GRANT ALL ON FUNCTION public.months_of(p_table regclass) TO moniqo_system;


--
-- Name: FUNCTION oldest_running(); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.oldest_running() TO moniqo_app;
GRANT ALL ON FUNCTION public.oldest_running() TO moniqo_system;


--
-- Name: FUNCTION owner_fills(p_owner uuid); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.owner_fills(p_owner uuid) TO moniqo_app;
GRANT ALL ON FUNCTION public.owner_fills(p_owner uuid) TO moniqo_system;


--
-- Name: FUNCTION owner_trades(p_owner uuid); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.owner_trades(p_owner uuid) TO moniqo_app;
GRANT ALL ON FUNCTION public.owner_trades(p_owner uuid) TO moniqo_system;


--
-- Name: FUNCTION portfolio_bounded(amount numeric); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.portfolio_bounded(amount numeric) TO moniqo_app;
GRANT ALL ON FUNCTION public.portfolio_bounded(amount numeric) TO moniqo_system;


--
-- Name: FUNCTION portfolio_day_agrees(p_scope uuid, p_base text, opened timestamp with time zone, closed timestamp with time zone, p_equity numeric, p_low numeric, p_high numeric, p_flow numeric, p_flows numeric, p_realized numeric, p_realized_pnl numeric, p_fees numeric, p_fees_paid numeric, p_funding numeric, p_funding_got numeric, p_adjustments numeric, p_market numeric); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.portfolio_day_agrees(p_scope uuid, p_base text, opened timestamp with time zone, closed timestamp with time zone, p_equity numeric, p_low numeric, p_high numeric, p_flow numeric, p_flows numeric, p_realized numeric, p_realized_pnl numeric, p_fees numeric, p_fees_paid numeric, p_funding numeric, p_funding_got numeric, p_adjustments numeric, p_market numeric) TO moniqo_app;
GRANT ALL ON FUNCTION public.portfolio_day_agrees(p_scope uuid, p_base text, opened timestamp with time zone, closed timestamp with time zone, p_equity numeric, p_low numeric, p_high numeric, p_flow numeric, p_flows numeric, p_realized numeric, p_realized_pnl numeric, p_fees numeric, p_fees_paid numeric, p_funding numeric, p_funding_got numeric, p_adjustments numeric, p_market numeric) TO moniqo_system;


--
-- Name: FUNCTION portfolio_day_is_known(p_scope uuid, p_base text, opened timestamp with time zone, closed timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.portfolio_day_is_known(p_scope uuid, p_base text, opened timestamp with time zone, closed timestamp with time zone) TO moniqo_app;
GRANT ALL ON FUNCTION public.portfolio_day_is_known(p_scope uuid, p_base text, opened timestamp with time zone, closed timestamp with time zone) TO moniqo_system;


--
-- Name: FUNCTION portfolio_flow_follows(p_scope uuid, p_base text, p_at timestamp with time zone, p_flow numeric, p_flows numeric); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.portfolio_flow_follows(p_scope uuid, p_base text, p_at timestamp with time zone, p_flow numeric, p_flows numeric) TO moniqo_app;
GRANT ALL ON FUNCTION public.portfolio_flow_follows(p_scope uuid, p_base text, p_at timestamp with time zone, p_flow numeric, p_flows numeric) TO moniqo_system;


--
-- Name: FUNCTION portfolio_give_up_days(p_scopes uuid[], since timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.portfolio_give_up_days(p_scopes uuid[], since timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.portfolio_give_up_days(p_scopes uuid[], since timestamp with time zone) TO moniqo_app;
GRANT ALL ON FUNCTION public.portfolio_give_up_days(p_scopes uuid[], since timestamp with time zone) TO moniqo_system;


--
-- Name: FUNCTION portfolio_give_up_hours(p_scopes uuid[], since timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.portfolio_give_up_hours(p_scopes uuid[], since timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.portfolio_give_up_hours(p_scopes uuid[], since timestamp with time zone) TO moniqo_app;
GRANT ALL ON FUNCTION public.portfolio_give_up_hours(p_scopes uuid[], since timestamp with time zone) TO moniqo_system;


--
-- Name: FUNCTION portfolio_grown(p_scope uuid, p_base text, p_at timestamp with time zone, p_equity numeric, p_flow numeric); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.portfolio_grown(p_scope uuid, p_base text, p_at timestamp with time zone, p_equity numeric, p_flow numeric) TO moniqo_app;
GRANT ALL ON FUNCTION public.portfolio_grown(p_scope uuid, p_base text, p_at timestamp with time zone, p_equity numeric, p_flow numeric) TO moniqo_system;


--
-- Name: FUNCTION portfolio_hour_agrees(p_scope uuid, p_base text, opened timestamp with time zone, closed timestamp with time zone, p_equity numeric, p_low numeric, p_high numeric, p_flow numeric, p_flows numeric, p_realized numeric, p_realized_pnl numeric, p_fees numeric, p_fees_paid numeric, p_funding numeric, p_funding_got numeric, p_adjustments numeric, p_market numeric); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.portfolio_hour_agrees(p_scope uuid, p_base text, opened timestamp with time zone, closed timestamp with time zone, p_equity numeric, p_low numeric, p_high numeric, p_flow numeric, p_flows numeric, p_realized numeric, p_realized_pnl numeric, p_fees numeric, p_fees_paid numeric, p_funding numeric, p_funding_got numeric, p_adjustments numeric, p_market numeric) TO moniqo_app;
GRANT ALL ON FUNCTION public.portfolio_hour_agrees(p_scope uuid, p_base text, opened timestamp with time zone, closed timestamp with time zone, p_equity numeric, p_low numeric, p_high numeric, p_flow numeric, p_flows numeric, p_realized numeric, p_realized_pnl numeric, p_fees numeric, p_fees_paid numeric, p_funding numeric, p_funding_got numeric, p_adjustments numeric, p_market numeric) TO moniqo_system;


--
-- Name: FUNCTION portfolio_hour_is_known(p_scope uuid, p_base text, opened timestamp with time zone, closed timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.portfolio_hour_is_known(p_scope uuid, p_base text, opened timestamp with time zone, closed timestamp with time zone) TO moniqo_app;
GRANT ALL ON FUNCTION public.portfolio_hour_is_known(p_scope uuid, p_base text, opened timestamp with time zone, closed timestamp with time zone) TO moniqo_system;


--
-- Name: FUNCTION portfolio_index(before double precision, factor numeric); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.portfolio_index(before double precision, factor numeric) TO moniqo_app;
GRANT ALL ON FUNCTION public.portfolio_index(before double precision, factor numeric) TO moniqo_system;


--
-- Name: FUNCTION portfolio_prices(p_owner uuid, p_currency text, p_at timestamp with time zone, p_is_live boolean); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.portfolio_prices(p_owner uuid, p_currency text, p_at timestamp with time zone, p_is_live boolean) TO moniqo_app;
GRANT ALL ON FUNCTION public.portfolio_prices(p_owner uuid, p_currency text, p_at timestamp with time zone, p_is_live boolean) TO moniqo_system;


--
-- Name: FUNCTION portfolio_refuse_rewriting(); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.portfolio_refuse_rewriting() TO moniqo_app;
GRANT ALL ON FUNCTION public.portfolio_refuse_rewriting() TO moniqo_system;


--
-- Name: FUNCTION portfolio_refuse_what_does_not_follow(); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.portfolio_refuse_what_does_not_follow() TO moniqo_app;
GRANT ALL ON FUNCTION public.portfolio_refuse_what_does_not_follow() TO moniqo_system;


--
-- Name: FUNCTION portfolio_stood_below(p_owner uuid, p_roots uuid[]); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.portfolio_stood_below(p_owner uuid, p_roots uuid[]) TO moniqo_app;
GRANT ALL ON FUNCTION public.portfolio_stood_below(p_owner uuid, p_roots uuid[]) TO moniqo_system;


--
-- Name: FUNCTION portfolio_value_before(p_scope uuid, p_base text, p_at timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.portfolio_value_before(p_scope uuid, p_base text, p_at timestamp with time zone) TO moniqo_app;
GRANT ALL ON FUNCTION public.portfolio_value_before(p_scope uuid, p_base text, p_at timestamp with time zone) TO moniqo_system;


--
-- Name: FUNCTION position_totals(p_owner uuid); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.position_totals(p_owner uuid) TO moniqo_app;
GRANT ALL ON FUNCTION public.position_totals(p_owner uuid) TO moniqo_system;


--
-- Name: FUNCTION refuse_change(); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.refuse_change() TO moniqo_app;
GRANT ALL ON FUNCTION public.refuse_change() TO moniqo_system;


--
-- Name: FUNCTION refuse_what_is_over(); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.refuse_what_is_over() TO moniqo_app;
GRANT ALL ON FUNCTION public.refuse_what_is_over() TO moniqo_system;


--
-- Name: FUNCTION refused_orders(p_wallet uuid); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.refused_orders(p_wallet uuid) TO moniqo_app;
GRANT ALL ON FUNCTION public.refused_orders(p_wallet uuid) TO moniqo_system;


--
-- Name: FUNCTION require_scope(); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.require_scope() TO moniqo_app;
GRANT ALL ON FUNCTION public.require_scope() TO moniqo_system;


--
-- Name: FUNCTION trade_sums(p_owner uuid, p_since timestamp with time zone, p_wallets uuid[], p_until timestamp with time zone, p_instrument bigint); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.trade_sums(p_owner uuid, p_since timestamp with time zone, p_wallets uuid[], p_until timestamp with time zone, p_instrument bigint) TO moniqo_app;
GRANT ALL ON FUNCTION public.trade_sums(p_owner uuid, p_since timestamp with time zone, p_wallets uuid[], p_until timestamp with time zone, p_instrument bigint) TO moniqo_system;


--
-- Name: FUNCTION trade_sums_of_spans(p_owner uuid, p_begins timestamp with time zone[], p_ends timestamp with time zone[], p_wallets uuid[]); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.trade_sums_of_spans(p_owner uuid, p_begins timestamp with time zone[], p_ends timestamp with time zone[], p_wallets uuid[]) TO moniqo_app;
GRANT ALL ON FUNCTION public.trade_sums_of_spans(p_owner uuid, p_begins timestamp with time zone[], p_ends timestamp with time zone[], p_wallets uuid[]) TO moniqo_system;


--
-- Name: FUNCTION trades_of_spans(p_owner uuid, p_begins timestamp with time zone[], p_ends timestamp with time zone[], p_wallets uuid[]); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.trades_of_spans(p_owner uuid, p_begins timestamp with time zone[], p_ends timestamp with time zone[], p_wallets uuid[]) TO moniqo_app;
GRANT ALL ON FUNCTION public.trades_of_spans(p_owner uuid, p_begins timestamp with time zone[], p_ends timestamp with time zone[], p_wallets uuid[]) TO moniqo_system;


--
-- Name: FUNCTION trading_add_to_held(p_owner uuid, p_wallet uuid, p_instrument bigint, p_at timestamp with time zone, p_quantity numeric, p_cost numeric, p_realized numeric, p_fees numeric); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.trading_add_to_held(p_owner uuid, p_wallet uuid, p_instrument bigint, p_at timestamp with time zone, p_quantity numeric, p_cost numeric, p_realized numeric, p_fees numeric) FROM PUBLIC;
GRANT ALL ON FUNCTION public.trading_add_to_held(p_owner uuid, p_wallet uuid, p_instrument bigint, p_at timestamp with time zone, p_quantity numeric, p_cost numeric, p_realized numeric, p_fees numeric) TO moniqo_app;
GRANT ALL ON FUNCTION public.trading_add_to_held(p_owner uuid, p_wallet uuid, p_instrument bigint, p_at timestamp with time zone, p_quantity numeric, p_cost numeric, p_realized numeric, p_fees numeric) TO moniqo_system;


--
-- Name: TABLE trading_position; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.trading_position TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.trading_position TO moniqo_system;


--
-- Name: FUNCTION trading_add_to_slices(closed public.trading_position, sign integer); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.trading_add_to_slices(closed public.trading_position, sign integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.trading_add_to_slices(closed public.trading_position, sign integer) TO moniqo_app;
GRANT ALL ON FUNCTION public.trading_add_to_slices(closed public.trading_position, sign integer) TO moniqo_system;


--
-- Name: FUNCTION trading_add_to_sums(closed public.trading_position, sign integer); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.trading_add_to_sums(closed public.trading_position, sign integer) FROM PUBLIC;
GRANT ALL ON FUNCTION public.trading_add_to_sums(closed public.trading_position, sign integer) TO moniqo_app;
GRANT ALL ON FUNCTION public.trading_add_to_sums(closed public.trading_position, sign integer) TO moniqo_system;


--
-- Name: FUNCTION trading_bar_of(p_wallet uuid); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.trading_bar_of(p_wallet uuid) TO moniqo_app;
GRANT ALL ON FUNCTION public.trading_bar_of(p_wallet uuid) TO moniqo_system;


--
-- Name: FUNCTION trading_cursors_begin_anew(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.trading_cursors_begin_anew() FROM PUBLIC;
GRANT ALL ON FUNCTION public.trading_cursors_begin_anew() TO moniqo_app;
GRANT ALL ON FUNCTION public.trading_cursors_begin_anew() TO moniqo_system;


--
-- Name: FUNCTION trading_entry_lock(p_wallet uuid, p_instrument bigint, p_now timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.trading_entry_lock(p_wallet uuid, p_instrument bigint, p_now timestamp with time zone) TO moniqo_app;
GRANT ALL ON FUNCTION public.trading_entry_lock(p_wallet uuid, p_instrument bigint, p_now timestamp with time zone) TO moniqo_system;


--
-- Name: FUNCTION trading_guard_order(); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.trading_guard_order() TO moniqo_app;
GRANT ALL ON FUNCTION public.trading_guard_order() TO moniqo_system;


--
-- Name: FUNCTION trading_keep_held(); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.trading_keep_held() TO moniqo_app;
GRANT ALL ON FUNCTION public.trading_keep_held() TO moniqo_system;


--
-- Name: FUNCTION trading_keep_slices(); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.trading_keep_slices() TO moniqo_app;
GRANT ALL ON FUNCTION public.trading_keep_slices() TO moniqo_system;


--
-- Name: FUNCTION trading_keep_sums(); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.trading_keep_sums() TO moniqo_app;
GRANT ALL ON FUNCTION public.trading_keep_sums() TO moniqo_system;


--
-- Name: FUNCTION trading_kinds_of(closed public.trading_position); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.trading_kinds_of(closed public.trading_position) TO moniqo_app;
GRANT ALL ON FUNCTION public.trading_kinds_of(closed public.trading_position) TO moniqo_system;


--
-- Name: FUNCTION trading_note_closing(); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.trading_note_closing() TO moniqo_app;
GRANT ALL ON FUNCTION public.trading_note_closing() TO moniqo_system;


--
-- Name: FUNCTION trading_open_below(p_wallet uuid, p_connection uuid); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.trading_open_below(p_wallet uuid, p_connection uuid) TO moniqo_app;
GRANT ALL ON FUNCTION public.trading_open_below(p_wallet uuid, p_connection uuid) TO moniqo_system;


--
-- Name: FUNCTION trading_refuse_change(); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.trading_refuse_change() TO moniqo_app;
GRANT ALL ON FUNCTION public.trading_refuse_change() TO moniqo_system;


--
-- Name: FUNCTION trading_sent_below(p_wallet uuid, p_connection uuid, p_since timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.trading_sent_below(p_wallet uuid, p_connection uuid, p_since timestamp with time zone) TO moniqo_app;
GRANT ALL ON FUNCTION public.trading_sent_below(p_wallet uuid, p_connection uuid, p_since timestamp with time zone) TO moniqo_system;


--
-- Name: FUNCTION users_guard_user(); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.users_guard_user() TO moniqo_app;
GRANT ALL ON FUNCTION public.users_guard_user() TO moniqo_system;


--
-- Name: FUNCTION users_password(); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.users_password() FROM PUBLIC;
GRANT ALL ON FUNCTION public.users_password() TO moniqo_app;
GRANT ALL ON FUNCTION public.users_password() TO moniqo_system;


--
-- Name: FUNCTION venue_name(p_venue text); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.venue_name(p_venue text) TO moniqo_app;
GRANT ALL ON FUNCTION public.venue_name(p_venue text) TO moniqo_system;


--
-- Name: FUNCTION wallet_balance(p_wallet uuid, p_asset text); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.wallet_balance(p_wallet uuid, p_asset text) TO moniqo_app;
GRANT ALL ON FUNCTION public.wallet_balance(p_wallet uuid, p_asset text) TO moniqo_system;


--
-- Name: FUNCTION wallet_books(p_owner uuid); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.wallet_books(p_owner uuid) TO moniqo_app;
GRANT ALL ON FUNCTION public.wallet_books(p_owner uuid) TO moniqo_system;


--
-- Name: FUNCTION wallet_derivatives(p_owner uuid); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.wallet_derivatives(p_owner uuid) TO moniqo_app;
GRANT ALL ON FUNCTION public.wallet_derivatives(p_owner uuid) TO moniqo_system;


--
-- Name: FUNCTION wallet_of_derivatives(p_connection uuid); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.wallet_of_derivatives(p_connection uuid) TO moniqo_app;
GRANT ALL ON FUNCTION public.wallet_of_derivatives(p_connection uuid) TO moniqo_system;


--
-- Name: FUNCTION wallet_path(p_wallet uuid); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.wallet_path(p_wallet uuid) TO moniqo_app;
GRANT ALL ON FUNCTION public.wallet_path(p_wallet uuid) TO moniqo_system;


--
-- Name: FUNCTION wallet_profits(p_owner uuid, p_since timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.wallet_profits(p_owner uuid, p_since timestamp with time zone) TO moniqo_app;
GRANT ALL ON FUNCTION public.wallet_profits(p_owner uuid, p_since timestamp with time zone) TO moniqo_system;


--
-- Name: FUNCTION wallet_stricter(one text, other text); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.wallet_stricter(one text, other text) TO moniqo_app;
GRANT ALL ON FUNCTION public.wallet_stricter(one text, other text) TO moniqo_system;


--
-- Name: FUNCTION wallet_subtree(p_wallets uuid[]); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.wallet_subtree(p_wallets uuid[]) TO moniqo_app;
GRANT ALL ON FUNCTION public.wallet_subtree(p_wallets uuid[]) TO moniqo_system;


--
-- Name: FUNCTION wallet_under(p_wallet uuid, p_at timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.wallet_under(p_wallet uuid, p_at timestamp with time zone) TO moniqo_app;
GRANT ALL ON FUNCTION public.wallet_under(p_wallet uuid, p_at timestamp with time zone) TO moniqo_system;


--
-- Name: FUNCTION wallets_guard_live(); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.wallets_guard_live() TO moniqo_app;
GRANT ALL ON FUNCTION public.wallets_guard_live() TO moniqo_system;


--
-- Name: FUNCTION wallets_is_previewed(plan uuid); Type: ACL; Schema: public; Owner: -
--

GRANT ALL ON FUNCTION public.wallets_is_previewed(plan uuid) TO moniqo_app;
GRANT ALL ON FUNCTION public.wallets_is_previewed(plan uuid) TO moniqo_system;


--
-- Name: FUNCTION wallets_make_live(connection uuid, moment timestamp with time zone); Type: ACL; Schema: public; Owner: -
--

REVOKE ALL ON FUNCTION public.wallets_make_live(connection uuid, moment timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION public.wallets_make_live(connection uuid, moment timestamp with time zone) TO moniqo_app;


--
-- Name: TABLE alerts_alert; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.alerts_alert TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.alerts_alert TO moniqo_system;


--
-- Name: COLUMN alerts_alert.level; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(level) ON TABLE public.alerts_alert TO moniqo_app;


--
-- Name: COLUMN alerts_alert.title; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(title) ON TABLE public.alerts_alert TO moniqo_app;


--
-- Name: COLUMN alerts_alert.body; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(body) ON TABLE public.alerts_alert TO moniqo_app;


--
-- Name: COLUMN alerts_alert.resolved_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(resolved_at) ON TABLE public.alerts_alert TO moniqo_app;


--
-- Name: COLUMN alerts_alert.about; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(about) ON TABLE public.alerts_alert TO moniqo_app;


--
-- Name: COLUMN alerts_alert.acknowledged_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(acknowledged_at) ON TABLE public.alerts_alert TO moniqo_app;


--
-- Name: COLUMN alerts_alert.facts; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(facts) ON TABLE public.alerts_alert TO moniqo_app;


--
-- Name: COLUMN alerts_alert.last_seen_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(last_seen_at) ON TABLE public.alerts_alert TO moniqo_app;


--
-- Name: COLUMN alerts_alert.raised_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(raised_at) ON TABLE public.alerts_alert TO moniqo_app;


--
-- Name: COLUMN alerts_alert.resolved_by_hand; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(resolved_by_hand) ON TABLE public.alerts_alert TO moniqo_app;


--
-- Name: COLUMN alerts_alert.times; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(times) ON TABLE public.alerts_alert TO moniqo_app;


--
-- Name: TABLE alerts_channel; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.alerts_channel TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.alerts_channel TO moniqo_system;


--
-- Name: TABLE alerts_delivery; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.alerts_delivery TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.alerts_delivery TO moniqo_system;


--
-- Name: COLUMN alerts_delivery.status; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(status) ON TABLE public.alerts_delivery TO moniqo_app;


--
-- Name: COLUMN alerts_delivery.tries; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(tries) ON TABLE public.alerts_delivery TO moniqo_app;


--
-- Name: COLUMN alerts_delivery.next_try_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(next_try_at) ON TABLE public.alerts_delivery TO moniqo_app;


--
-- Name: COLUMN alerts_delivery.ended_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(ended_at) ON TABLE public.alerts_delivery TO moniqo_app;


--
-- Name: COLUMN alerts_delivery.said; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(said) ON TABLE public.alerts_delivery TO moniqo_app;


--
-- Name: TABLE alerts_mute; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.alerts_mute TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.alerts_mute TO moniqo_system;


--
-- Name: TABLE alerts_platformalert; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.alerts_platformalert TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.alerts_platformalert TO moniqo_system;


--
-- Name: COLUMN alerts_platformalert.acknowledged_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(acknowledged_at) ON TABLE public.alerts_platformalert TO moniqo_app;


--
-- Name: COLUMN alerts_platformalert.resolved_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(resolved_at) ON TABLE public.alerts_platformalert TO moniqo_app;


--
-- Name: COLUMN alerts_platformalert.resolved_by_hand; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(resolved_by_hand) ON TABLE public.alerts_platformalert TO moniqo_app;


--
-- Name: COLUMN alerts_platformalert.acknowledged_by_id; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(acknowledged_by_id) ON TABLE public.alerts_platformalert TO moniqo_app;


--
-- Name: TABLE alerts_taskfailure; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.alerts_taskfailure TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.alerts_taskfailure TO moniqo_system;


--
-- Name: SEQUENCE alerts_taskfailure_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.alerts_taskfailure_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.alerts_taskfailure_id_seq TO moniqo_system;


--
-- Name: TABLE approvals_approval; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.approvals_approval TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.approvals_approval TO moniqo_system;


--
-- Name: COLUMN approvals_approval.status; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(status) ON TABLE public.approvals_approval TO moniqo_app;


--
-- Name: COLUMN approvals_approval.answered_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(answered_at) ON TABLE public.approvals_approval TO moniqo_app;


--
-- Name: COLUMN approvals_approval.answered_by; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(answered_by) ON TABLE public.approvals_approval TO moniqo_app;


--
-- Name: COLUMN approvals_approval.note; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(note) ON TABLE public.approvals_approval TO moniqo_app;


--
-- Name: COLUMN approvals_approval.result; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(result) ON TABLE public.approvals_approval TO moniqo_app;


--
-- Name: TABLE audit_auditentry; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.audit_auditentry TO moniqo_app;
GRANT SELECT,INSERT ON TABLE public.audit_auditentry TO moniqo_system;
GRANT INSERT ON TABLE public.audit_auditentry TO moniqo_adviser;


--
-- Name: COLUMN audit_auditentry.id; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(id) ON TABLE public.audit_auditentry TO moniqo_adviser;


--
-- Name: SEQUENCE audit_auditentry_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.audit_auditentry_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.audit_auditentry_id_seq TO moniqo_system;


--
-- Name: TABLE audit_auditentry_rest; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.audit_auditentry_rest TO moniqo_system;


--
-- Name: TABLE audit_call; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.audit_call TO moniqo_app;
GRANT SELECT,INSERT ON TABLE public.audit_call TO moniqo_system;


--
-- Name: SEQUENCE audit_call_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.audit_call_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.audit_call_id_seq TO moniqo_system;


--
-- Name: TABLE audit_call_rest; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.audit_call_rest TO moniqo_system;


--
-- Name: TABLE auth_group; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.auth_group TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.auth_group TO moniqo_system;


--
-- Name: SEQUENCE auth_group_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.auth_group_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.auth_group_id_seq TO moniqo_system;


--
-- Name: TABLE auth_group_permissions; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.auth_group_permissions TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.auth_group_permissions TO moniqo_system;


--
-- Name: SEQUENCE auth_group_permissions_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.auth_group_permissions_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.auth_group_permissions_id_seq TO moniqo_system;


--
-- Name: TABLE auth_permission; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.auth_permission TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.auth_permission TO moniqo_system;


--
-- Name: SEQUENCE auth_permission_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.auth_permission_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.auth_permission_id_seq TO moniqo_system;


--
-- Name: TABLE axes_accessattempt; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.axes_accessattempt TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.axes_accessattempt TO moniqo_system;


--
-- Name: SEQUENCE axes_accessattempt_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.axes_accessattempt_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.axes_accessattempt_id_seq TO moniqo_system;


--
-- Name: TABLE axes_accessattemptexpiration; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.axes_accessattemptexpiration TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.axes_accessattemptexpiration TO moniqo_system;


--
-- Name: TABLE axes_accessfailurelog; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.axes_accessfailurelog TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.axes_accessfailurelog TO moniqo_system;


--
-- Name: SEQUENCE axes_accessfailurelog_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.axes_accessfailurelog_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.axes_accessfailurelog_id_seq TO moniqo_system;


--
-- Name: TABLE axes_accesslog; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.axes_accesslog TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.axes_accesslog TO moniqo_system;


--
-- Name: SEQUENCE axes_accesslog_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.axes_accesslog_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.axes_accesslog_id_seq TO moniqo_system;


--
-- Name: TABLE django_admin_log; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.django_admin_log TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.django_admin_log TO moniqo_system;


--
-- Name: SEQUENCE django_admin_log_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.django_admin_log_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.django_admin_log_id_seq TO moniqo_system;


--
-- Name: TABLE django_content_type; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.django_content_type TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.django_content_type TO moniqo_system;


--
-- Name: SEQUENCE django_content_type_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.django_content_type_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.django_content_type_id_seq TO moniqo_system;


--
-- Name: TABLE django_migrations; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.django_migrations TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.django_migrations TO moniqo_system;


--
-- Name: SEQUENCE django_migrations_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.django_migrations_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.django_migrations_id_seq TO moniqo_system;


--
-- Name: TABLE django_session; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.django_session TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.django_session TO moniqo_system;


--
-- Name: TABLE farms_advicecall; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.farms_advicecall TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.farms_advicecall TO moniqo_system;
GRANT SELECT ON TABLE public.farms_advicecall TO moniqo_adviser;


--
-- Name: COLUMN farms_advicecall.status; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(status) ON TABLE public.farms_advicecall TO moniqo_app;
GRANT UPDATE(status) ON TABLE public.farms_advicecall TO moniqo_adviser;


--
-- Name: COLUMN farms_advicecall.cause; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(cause) ON TABLE public.farms_advicecall TO moniqo_app;
GRANT UPDATE(cause) ON TABLE public.farms_advicecall TO moniqo_adviser;


--
-- Name: COLUMN farms_advicecall.answers; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(answers) ON TABLE public.farms_advicecall TO moniqo_app;
GRANT UPDATE(answers) ON TABLE public.farms_advicecall TO moniqo_adviser;


--
-- Name: COLUMN farms_advicecall.tokens_in; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(tokens_in) ON TABLE public.farms_advicecall TO moniqo_app;
GRANT UPDATE(tokens_in) ON TABLE public.farms_advicecall TO moniqo_adviser;


--
-- Name: COLUMN farms_advicecall.tokens_out; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(tokens_out) ON TABLE public.farms_advicecall TO moniqo_app;
GRANT UPDATE(tokens_out) ON TABLE public.farms_advicecall TO moniqo_adviser;


--
-- Name: COLUMN farms_advicecall.cost; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(cost) ON TABLE public.farms_advicecall TO moniqo_app;
GRANT UPDATE(cost) ON TABLE public.farms_advicecall TO moniqo_adviser;


--
-- Name: COLUMN farms_advicecall.milliseconds; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(milliseconds) ON TABLE public.farms_advicecall TO moniqo_app;
GRANT UPDATE(milliseconds) ON TABLE public.farms_advicecall TO moniqo_adviser;


--
-- Name: COLUMN farms_advicecall.claimed_until; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(claimed_until) ON TABLE public.farms_advicecall TO moniqo_app;


--
-- Name: COLUMN farms_advicecall.finished_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(finished_at) ON TABLE public.farms_advicecall TO moniqo_app;
GRANT UPDATE(finished_at) ON TABLE public.farms_advicecall TO moniqo_adviser;


--
-- Name: TABLE farms_adviceendpoint; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.farms_adviceendpoint TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.farms_adviceendpoint TO moniqo_system;


--
-- Name: COLUMN farms_adviceendpoint.paused_until; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(paused_until) ON TABLE public.farms_adviceendpoint TO moniqo_app;


--
-- Name: COLUMN farms_adviceendpoint.refusals; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(refusals) ON TABLE public.farms_adviceendpoint TO moniqo_app;


--
-- Name: COLUMN farms_adviceendpoint.stopped; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(stopped) ON TABLE public.farms_adviceendpoint TO moniqo_app;


--
-- Name: TABLE farms_advicelevel; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.farms_advicelevel TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.farms_advicelevel TO moniqo_system;


--
-- Name: SEQUENCE farms_advicelevel_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.farms_advicelevel_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.farms_advicelevel_id_seq TO moniqo_system;


--
-- Name: TABLE farms_adviceproposal; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.farms_adviceproposal TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.farms_adviceproposal TO moniqo_system;
GRANT SELECT,INSERT ON TABLE public.farms_adviceproposal TO moniqo_adviser;


--
-- Name: COLUMN farms_adviceproposal.became; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(became) ON TABLE public.farms_adviceproposal TO moniqo_app;


--
-- Name: COLUMN farms_adviceproposal.said; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(said) ON TABLE public.farms_adviceproposal TO moniqo_app;


--
-- Name: COLUMN farms_adviceproposal.approval_id; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(approval_id) ON TABLE public.farms_adviceproposal TO moniqo_app;


--
-- Name: COLUMN farms_adviceproposal.settled_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(settled_at) ON TABLE public.farms_adviceproposal TO moniqo_app;


--
-- Name: COLUMN farms_adviceproposal.exit_price; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(exit_price) ON TABLE public.farms_adviceproposal TO moniqo_app;


--
-- Name: COLUMN farms_adviceproposal.gain; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(gain) ON TABLE public.farms_adviceproposal TO moniqo_app;


--
-- Name: COLUMN farms_adviceproposal.own; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(own) ON TABLE public.farms_adviceproposal TO moniqo_app;


--
-- Name: COLUMN farms_adviceproposal.chance; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(chance) ON TABLE public.farms_adviceproposal TO moniqo_app;


--
-- Name: COLUMN farms_adviceproposal.chance_spread; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(chance_spread) ON TABLE public.farms_adviceproposal TO moniqo_app;


--
-- Name: COLUMN farms_adviceproposal.order_id; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(order_id) ON TABLE public.farms_adviceproposal TO moniqo_app;


--
-- Name: COLUMN farms_adviceproposal.entry; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(entry) ON TABLE public.farms_adviceproposal TO moniqo_app;


--
-- Name: TABLE farms_advicesetting; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.farms_advicesetting TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.farms_advicesetting TO moniqo_system;


--
-- Name: SEQUENCE farms_advicesetting_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.farms_advicesetting_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.farms_advicesetting_id_seq TO moniqo_system;


--
-- Name: TABLE farms_advicewatch; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.farms_advicewatch TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.farms_advicewatch TO moniqo_system;


--
-- Name: TABLE farms_agent; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.farms_agent TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.farms_agent TO moniqo_system;


--
-- Name: TABLE farms_agentfarmassignment; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.farms_agentfarmassignment TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.farms_agentfarmassignment TO moniqo_system;


--
-- Name: COLUMN farms_agentfarmassignment.ended_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(ended_at) ON TABLE public.farms_agentfarmassignment TO moniqo_app;


--
-- Name: SEQUENCE farms_agentfarmassignment_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.farms_agentfarmassignment_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.farms_agentfarmassignment_id_seq TO moniqo_system;


--
-- Name: TABLE farms_agentrun; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.farms_agentrun TO moniqo_app;
GRANT SELECT,INSERT ON TABLE public.farms_agentrun TO moniqo_system;


--
-- Name: SEQUENCE farms_agentrun_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.farms_agentrun_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.farms_agentrun_id_seq TO moniqo_system;


--
-- Name: TABLE farms_agentrun_rest; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.farms_agentrun_rest TO moniqo_system;


--
-- Name: TABLE farms_backtest; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.farms_backtest TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.farms_backtest TO moniqo_system;


--
-- Name: COLUMN farms_backtest.status; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(status) ON TABLE public.farms_backtest TO moniqo_app;


--
-- Name: COLUMN farms_backtest.progress; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(progress) ON TABLE public.farms_backtest TO moniqo_app;


--
-- Name: COLUMN farms_backtest.step; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(step) ON TABLE public.farms_backtest TO moniqo_app;


--
-- Name: COLUMN farms_backtest.error; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(error) ON TABLE public.farms_backtest TO moniqo_app;


--
-- Name: COLUMN farms_backtest.attempts; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(attempts) ON TABLE public.farms_backtest TO moniqo_app;


--
-- Name: COLUMN farms_backtest.claim; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(claim) ON TABLE public.farms_backtest TO moniqo_app;


--
-- Name: COLUMN farms_backtest.claimed_until; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(claimed_until) ON TABLE public.farms_backtest TO moniqo_app;


--
-- Name: COLUMN farms_backtest.finished_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(finished_at) ON TABLE public.farms_backtest TO moniqo_app;


--
-- Name: TABLE farms_backtestresult; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.farms_backtestresult TO moniqo_app;
GRANT SELECT,INSERT ON TABLE public.farms_backtestresult TO moniqo_system;


--
-- Name: TABLE farms_download; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.farms_download TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.farms_download TO moniqo_system;


--
-- Name: COLUMN farms_download.status; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(status) ON TABLE public.farms_download TO moniqo_app;


--
-- Name: COLUMN farms_download.progress; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(progress) ON TABLE public.farms_download TO moniqo_app;


--
-- Name: COLUMN farms_download.step; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(step) ON TABLE public.farms_download TO moniqo_app;


--
-- Name: COLUMN farms_download.error; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(error) ON TABLE public.farms_download TO moniqo_app;


--
-- Name: COLUMN farms_download.attempts; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(attempts) ON TABLE public.farms_download TO moniqo_app;


--
-- Name: COLUMN farms_download.claim; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(claim) ON TABLE public.farms_download TO moniqo_app;


--
-- Name: COLUMN farms_download.claimed_until; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(claimed_until) ON TABLE public.farms_download TO moniqo_app;


--
-- Name: COLUMN farms_download.finished_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(finished_at) ON TABLE public.farms_download TO moniqo_app;


--
-- Name: COLUMN farms_download.reached; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(reached) ON TABLE public.farms_download TO moniqo_app;


--
-- Name: COLUMN farms_download.written; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(written) ON TABLE public.farms_download TO moniqo_app;


--
-- Name: COLUMN farms_download.bad; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(bad) ON TABLE public.farms_download TO moniqo_app;


--
-- Name: COLUMN farms_download.report; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(report) ON TABLE public.farms_download TO moniqo_app;


--
-- Name: TABLE farms_farm; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.farms_farm TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.farms_farm TO moniqo_system;


--
-- Name: TABLE farms_farmevent; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.farms_farmevent TO moniqo_app;
GRANT SELECT,INSERT ON TABLE public.farms_farmevent TO moniqo_system;


--
-- Name: SEQUENCE farms_farmevent_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.farms_farmevent_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.farms_farmevent_id_seq TO moniqo_system;


--
-- Name: TABLE farms_promotion; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.farms_promotion TO moniqo_app;
GRANT SELECT,INSERT ON TABLE public.farms_promotion TO moniqo_system;


--
-- Name: TABLE farms_strategy; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.farms_strategy TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.farms_strategy TO moniqo_system;


--
-- Name: COLUMN farms_strategy.name; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(name) ON TABLE public.farms_strategy TO moniqo_app;


--
-- Name: COLUMN farms_strategy.archived_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(archived_at) ON TABLE public.farms_strategy TO moniqo_app;


--
-- Name: TABLE farms_strategyversion; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.farms_strategyversion TO moniqo_app;
GRANT SELECT,INSERT ON TABLE public.farms_strategyversion TO moniqo_system;


--
-- Name: TABLE farms_sweep; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.farms_sweep TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.farms_sweep TO moniqo_system;


--
-- Name: COLUMN farms_sweep.status; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(status) ON TABLE public.farms_sweep TO moniqo_app;


--
-- Name: COLUMN farms_sweep.progress; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(progress) ON TABLE public.farms_sweep TO moniqo_app;


--
-- Name: COLUMN farms_sweep.step; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(step) ON TABLE public.farms_sweep TO moniqo_app;


--
-- Name: COLUMN farms_sweep.error; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(error) ON TABLE public.farms_sweep TO moniqo_app;


--
-- Name: COLUMN farms_sweep.attempts; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(attempts) ON TABLE public.farms_sweep TO moniqo_app;


--
-- Name: COLUMN farms_sweep.claim; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(claim) ON TABLE public.farms_sweep TO moniqo_app;


--
-- Name: COLUMN farms_sweep.claimed_until; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(claimed_until) ON TABLE public.farms_sweep TO moniqo_app;


--
-- Name: COLUMN farms_sweep.finished_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(finished_at) ON TABLE public.farms_sweep TO moniqo_app;


--
-- Name: TABLE farms_sweepblock; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.farms_sweepblock TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.farms_sweepblock TO moniqo_system;


--
-- Name: COLUMN farms_sweepblock.status; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(status) ON TABLE public.farms_sweepblock TO moniqo_app;


--
-- Name: COLUMN farms_sweepblock.progress; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(progress) ON TABLE public.farms_sweepblock TO moniqo_app;


--
-- Name: COLUMN farms_sweepblock.step; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(step) ON TABLE public.farms_sweepblock TO moniqo_app;


--
-- Name: COLUMN farms_sweepblock.error; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(error) ON TABLE public.farms_sweepblock TO moniqo_app;


--
-- Name: COLUMN farms_sweepblock.attempts; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(attempts) ON TABLE public.farms_sweepblock TO moniqo_app;


--
-- Name: COLUMN farms_sweepblock.claim; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(claim) ON TABLE public.farms_sweepblock TO moniqo_app;


--
-- Name: COLUMN farms_sweepblock.claimed_until; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(claimed_until) ON TABLE public.farms_sweepblock TO moniqo_app;


--
-- Name: COLUMN farms_sweepblock.finished_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(finished_at) ON TABLE public.farms_sweepblock TO moniqo_app;


--
-- Name: COLUMN farms_sweepblock.body; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(body) ON TABLE public.farms_sweepblock TO moniqo_app;


--
-- Name: TABLE farms_sweepresult; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.farms_sweepresult TO moniqo_app;
GRANT SELECT,INSERT ON TABLE public.farms_sweepresult TO moniqo_system;


--
-- Name: TABLE farms_verdict; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.farms_verdict TO moniqo_app;
GRANT SELECT,INSERT ON TABLE public.farms_verdict TO moniqo_system;


--
-- Name: SEQUENCE farms_verdict_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.farms_verdict_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.farms_verdict_id_seq TO moniqo_system;


--
-- Name: TABLE goals_goal; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.goals_goal TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.goals_goal TO moniqo_system;


--
-- Name: TABLE goals_goalaction; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.goals_goalaction TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.goals_goalaction TO moniqo_system;


--
-- Name: COLUMN goals_goalaction.options; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(options) ON TABLE public.goals_goalaction TO moniqo_app;


--
-- Name: COLUMN goals_goalaction.status; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(status) ON TABLE public.goals_goalaction TO moniqo_app;


--
-- Name: COLUMN goals_goalaction.result; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(result) ON TABLE public.goals_goalaction TO moniqo_app;


--
-- Name: COLUMN goals_goalaction.tries; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(tries) ON TABLE public.goals_goalaction TO moniqo_app;


--
-- Name: COLUMN goals_goalaction.next_try_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(next_try_at) ON TABLE public.goals_goalaction TO moniqo_app;


--
-- Name: COLUMN goals_goalaction.done_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(done_at) ON TABLE public.goals_goalaction TO moniqo_app;


--
-- Name: SEQUENCE goals_goalaction_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.goals_goalaction_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.goals_goalaction_id_seq TO moniqo_system;


--
-- Name: TABLE goals_goalassignment; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE ON TABLE public.goals_goalassignment TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.goals_goalassignment TO moniqo_system;


--
-- Name: COLUMN goals_goalassignment.since; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(since) ON TABLE public.goals_goalassignment TO moniqo_app;


--
-- Name: COLUMN goals_goalassignment.until; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(until) ON TABLE public.goals_goalassignment TO moniqo_app;


--
-- Name: SEQUENCE goals_goalassignment_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.goals_goalassignment_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.goals_goalassignment_id_seq TO moniqo_system;


--
-- Name: TABLE goals_goalcursor; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.goals_goalcursor TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.goals_goalcursor TO moniqo_system;


--
-- Name: SEQUENCE goals_goalcursor_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.goals_goalcursor_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.goals_goalcursor_id_seq TO moniqo_system;


--
-- Name: TABLE goals_goalevent; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.goals_goalevent TO moniqo_app;
GRANT SELECT,INSERT ON TABLE public.goals_goalevent TO moniqo_system;


--
-- Name: SEQUENCE goals_goalevent_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.goals_goalevent_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.goals_goalevent_id_seq TO moniqo_system;


--
-- Name: TABLE goals_goalmove; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.goals_goalmove TO moniqo_app;
GRANT SELECT,INSERT ON TABLE public.goals_goalmove TO moniqo_system;


--
-- Name: SEQUENCE goals_goalmove_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.goals_goalmove_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.goals_goalmove_id_seq TO moniqo_system;


--
-- Name: TABLE goals_goalprogress; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE ON TABLE public.goals_goalprogress TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.goals_goalprogress TO moniqo_system;


--
-- Name: COLUMN goals_goalprogress.value; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(value) ON TABLE public.goals_goalprogress TO moniqo_app;


--
-- Name: COLUMN goals_goalprogress.progress; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(progress) ON TABLE public.goals_goalprogress TO moniqo_app;


--
-- Name: SEQUENCE goals_goalprogress_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.goals_goalprogress_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.goals_goalprogress_id_seq TO moniqo_system;


--
-- Name: TABLE goals_goaltotal; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.goals_goaltotal TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.goals_goaltotal TO moniqo_system;


--
-- Name: SEQUENCE goals_goaltotal_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.goals_goaltotal_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.goals_goaltotal_id_seq TO moniqo_system;


--
-- Name: TABLE wallets_account; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.wallets_account TO moniqo_app;
GRANT SELECT ON TABLE public.wallets_account TO moniqo_system;


--
-- Name: TABLE wallets_transfer; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.wallets_transfer TO moniqo_app;
GRANT SELECT ON TABLE public.wallets_transfer TO moniqo_system;


--
-- Name: TABLE ledger_legs; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.ledger_legs TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.ledger_legs TO moniqo_system;


--
-- Name: TABLE wallets_posting; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.wallets_posting TO moniqo_app;
GRANT SELECT ON TABLE public.wallets_posting TO moniqo_system;


--
-- Name: TABLE ledger_trades; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.ledger_trades TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.ledger_trades TO moniqo_system;


--
-- Name: TABLE markets_instrument; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.markets_instrument TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.markets_instrument TO moniqo_system;


--
-- Name: TABLE market_instruments; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.market_instruments TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.market_instruments TO moniqo_system;


--
-- Name: TABLE markets_candle; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.markets_candle TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.markets_candle TO moniqo_system;


--
-- Name: TABLE markets_feedstate; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.markets_feedstate TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.markets_feedstate TO moniqo_system;


--
-- Name: SEQUENCE markets_instrument_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.markets_instrument_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.markets_instrument_id_seq TO moniqo_system;


--
-- Name: TABLE markets_keptseries; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.markets_keptseries TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.markets_keptseries TO moniqo_system;


--
-- Name: SEQUENCE markets_keptseries_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.markets_keptseries_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.markets_keptseries_id_seq TO moniqo_system;


--
-- Name: TABLE markets_lastprice; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.markets_lastprice TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.markets_lastprice TO moniqo_system;


--
-- Name: TABLE markets_ticker; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.markets_ticker TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.markets_ticker TO moniqo_system;


--
-- Name: TABLE portfolio_allocationplan; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE ON TABLE public.portfolio_allocationplan TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.portfolio_allocationplan TO moniqo_system;


--
-- Name: SEQUENCE portfolio_allocationplan_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.portfolio_allocationplan_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.portfolio_allocationplan_id_seq TO moniqo_system;


--
-- Name: TABLE portfolio_correction; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.portfolio_correction TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.portfolio_correction TO moniqo_system;


--
-- Name: COLUMN portfolio_correction.joins_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(joins_at) ON TABLE public.portfolio_correction TO moniqo_app;


--
-- Name: COLUMN portfolio_correction.done_to; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(done_to) ON TABLE public.portfolio_correction TO moniqo_app;


--
-- Name: COLUMN portfolio_correction.finished_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(finished_at) ON TABLE public.portfolio_correction TO moniqo_app;


--
-- Name: COLUMN portfolio_correction.written; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(written) ON TABLE public.portfolio_correction TO moniqo_app;


--
-- Name: COLUMN portfolio_correction.skipped; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(skipped) ON TABLE public.portfolio_correction TO moniqo_app;


--
-- Name: COLUMN portfolio_correction.unpriced; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(unpriced) ON TABLE public.portfolio_correction TO moniqo_app;


--
-- Name: SEQUENCE portfolio_correction_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.portfolio_correction_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.portfolio_correction_id_seq TO moniqo_system;


--
-- Name: TABLE portfolio_dailyperformance; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.portfolio_dailyperformance TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.portfolio_dailyperformance TO moniqo_system;


--
-- Name: COLUMN portfolio_dailyperformance.ends; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(ends) ON TABLE public.portfolio_dailyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_dailyperformance.opened_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(opened_at) ON TABLE public.portfolio_dailyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_dailyperformance.closed_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(closed_at) ON TABLE public.portfolio_dailyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_dailyperformance.open; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(open) ON TABLE public.portfolio_dailyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_dailyperformance.equity; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(equity) ON TABLE public.portfolio_dailyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_dailyperformance.low; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(low) ON TABLE public.portfolio_dailyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_dailyperformance.high; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(high) ON TABLE public.portfolio_dailyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_dailyperformance.flow; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(flow) ON TABLE public.portfolio_dailyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_dailyperformance.flows; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(flows) ON TABLE public.portfolio_dailyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_dailyperformance.market; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(market) ON TABLE public.portfolio_dailyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_dailyperformance.realized; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(realized) ON TABLE public.portfolio_dailyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_dailyperformance.realized_pnl; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(realized_pnl) ON TABLE public.portfolio_dailyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_dailyperformance.fees; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(fees) ON TABLE public.portfolio_dailyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_dailyperformance.fees_paid; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(fees_paid) ON TABLE public.portfolio_dailyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_dailyperformance.adjustments; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(adjustments) ON TABLE public.portfolio_dailyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_dailyperformance.twr; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(twr) ON TABLE public.portfolio_dailyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_dailyperformance.twr_index; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(twr_index) ON TABLE public.portfolio_dailyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_dailyperformance.twr_low; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(twr_low) ON TABLE public.portfolio_dailyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_dailyperformance.twr_high; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(twr_high) ON TABLE public.portfolio_dailyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_dailyperformance.drawdown; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(drawdown) ON TABLE public.portfolio_dailyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_dailyperformance.corrected_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(corrected_at) ON TABLE public.portfolio_dailyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_dailyperformance.funding; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(funding) ON TABLE public.portfolio_dailyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_dailyperformance.funding_got; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(funding_got) ON TABLE public.portfolio_dailyperformance TO moniqo_app;


--
-- Name: SEQUENCE portfolio_dailyperformance_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.portfolio_dailyperformance_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.portfolio_dailyperformance_id_seq TO moniqo_system;


--
-- Name: TABLE portfolio_exposurelevel; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.portfolio_exposurelevel TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.portfolio_exposurelevel TO moniqo_system;


--
-- Name: SEQUENCE portfolio_exposurelevel_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.portfolio_exposurelevel_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.portfolio_exposurelevel_id_seq TO moniqo_system;


--
-- Name: TABLE portfolio_exposurelimit; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.portfolio_exposurelimit TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.portfolio_exposurelimit TO moniqo_system;


--
-- Name: TABLE portfolio_flowmark; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.portfolio_flowmark TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.portfolio_flowmark TO moniqo_system;


--
-- Name: SEQUENCE portfolio_flowmark_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.portfolio_flowmark_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.portfolio_flowmark_id_seq TO moniqo_system;


--
-- Name: TABLE portfolio_hourlyperformance; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.portfolio_hourlyperformance TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.portfolio_hourlyperformance TO moniqo_system;


--
-- Name: COLUMN portfolio_hourlyperformance.ends; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(ends) ON TABLE public.portfolio_hourlyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_hourlyperformance.opened_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(opened_at) ON TABLE public.portfolio_hourlyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_hourlyperformance.closed_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(closed_at) ON TABLE public.portfolio_hourlyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_hourlyperformance.open; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(open) ON TABLE public.portfolio_hourlyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_hourlyperformance.equity; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(equity) ON TABLE public.portfolio_hourlyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_hourlyperformance.low; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(low) ON TABLE public.portfolio_hourlyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_hourlyperformance.high; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(high) ON TABLE public.portfolio_hourlyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_hourlyperformance.flow; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(flow) ON TABLE public.portfolio_hourlyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_hourlyperformance.flows; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(flows) ON TABLE public.portfolio_hourlyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_hourlyperformance.market; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(market) ON TABLE public.portfolio_hourlyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_hourlyperformance.realized; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(realized) ON TABLE public.portfolio_hourlyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_hourlyperformance.realized_pnl; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(realized_pnl) ON TABLE public.portfolio_hourlyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_hourlyperformance.fees; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(fees) ON TABLE public.portfolio_hourlyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_hourlyperformance.fees_paid; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(fees_paid) ON TABLE public.portfolio_hourlyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_hourlyperformance.adjustments; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(adjustments) ON TABLE public.portfolio_hourlyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_hourlyperformance.twr; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(twr) ON TABLE public.portfolio_hourlyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_hourlyperformance.twr_index; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(twr_index) ON TABLE public.portfolio_hourlyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_hourlyperformance.twr_low; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(twr_low) ON TABLE public.portfolio_hourlyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_hourlyperformance.twr_high; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(twr_high) ON TABLE public.portfolio_hourlyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_hourlyperformance.drawdown; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(drawdown) ON TABLE public.portfolio_hourlyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_hourlyperformance.corrected_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(corrected_at) ON TABLE public.portfolio_hourlyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_hourlyperformance.funding; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(funding) ON TABLE public.portfolio_hourlyperformance TO moniqo_app;


--
-- Name: COLUMN portfolio_hourlyperformance.funding_got; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(funding_got) ON TABLE public.portfolio_hourlyperformance TO moniqo_app;


--
-- Name: SEQUENCE portfolio_hourlyperformance_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.portfolio_hourlyperformance_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.portfolio_hourlyperformance_id_seq TO moniqo_system;


--
-- Name: TABLE portfolio_portfoliostate; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.portfolio_portfoliostate TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.portfolio_portfoliostate TO moniqo_system;


--
-- Name: SEQUENCE portfolio_portfoliostate_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.portfolio_portfoliostate_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.portfolio_portfoliostate_id_seq TO moniqo_system;


--
-- Name: TABLE portfolio_rebalancerule; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.portfolio_rebalancerule TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.portfolio_rebalancerule TO moniqo_system;


--
-- Name: TABLE portfolio_rebalancerun; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.portfolio_rebalancerun TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.portfolio_rebalancerun TO moniqo_system;


--
-- Name: COLUMN portfolio_rebalancerun.status; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(status) ON TABLE public.portfolio_rebalancerun TO moniqo_app;


--
-- Name: COLUMN portfolio_rebalancerun.reason; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(reason) ON TABLE public.portfolio_rebalancerun TO moniqo_app;


--
-- Name: COLUMN portfolio_rebalancerun.used; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(used) ON TABLE public.portfolio_rebalancerun TO moniqo_app;


--
-- Name: COLUMN portfolio_rebalancerun.base; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(base) ON TABLE public.portfolio_rebalancerun TO moniqo_app;


--
-- Name: COLUMN portfolio_rebalancerun.capital; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(capital) ON TABLE public.portfolio_rebalancerun TO moniqo_app;


--
-- Name: COLUMN portfolio_rebalancerun.cost; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(cost) ON TABLE public.portfolio_rebalancerun TO moniqo_app;


--
-- Name: COLUMN portfolio_rebalancerun.drift; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(drift) ON TABLE public.portfolio_rebalancerun TO moniqo_app;


--
-- Name: COLUMN portfolio_rebalancerun.turnover; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(turnover) ON TABLE public.portfolio_rebalancerun TO moniqo_app;


--
-- Name: COLUMN portfolio_rebalancerun.notes; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(notes) ON TABLE public.portfolio_rebalancerun TO moniqo_app;


--
-- Name: COLUMN portfolio_rebalancerun.targets; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(targets) ON TABLE public.portfolio_rebalancerun TO moniqo_app;


--
-- Name: COLUMN portfolio_rebalancerun.looked_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(looked_at) ON TABLE public.portfolio_rebalancerun TO moniqo_app;


--
-- Name: COLUMN portfolio_rebalancerun.expires_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(expires_at) ON TABLE public.portfolio_rebalancerun TO moniqo_app;


--
-- Name: COLUMN portfolio_rebalancerun.settled_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(settled_at) ON TABLE public.portfolio_rebalancerun TO moniqo_app;


--
-- Name: COLUMN portfolio_rebalancerun.allocation_id; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(allocation_id) ON TABLE public.portfolio_rebalancerun TO moniqo_app;


--
-- Name: TABLE portfolio_snapshot; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.portfolio_snapshot TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.portfolio_snapshot TO moniqo_system;


--
-- Name: COLUMN portfolio_snapshot.equity; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(equity) ON TABLE public.portfolio_snapshot TO moniqo_app;


--
-- Name: COLUMN portfolio_snapshot.cash; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(cash) ON TABLE public.portfolio_snapshot TO moniqo_app;


--
-- Name: COLUMN portfolio_snapshot.invested; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(invested) ON TABLE public.portfolio_snapshot TO moniqo_app;


--
-- Name: COLUMN portfolio_snapshot.unrealized_pnl; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(unrealized_pnl) ON TABLE public.portfolio_snapshot TO moniqo_app;


--
-- Name: COLUMN portfolio_snapshot.realized_pnl; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(realized_pnl) ON TABLE public.portfolio_snapshot TO moniqo_app;


--
-- Name: COLUMN portfolio_snapshot.fees; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(fees) ON TABLE public.portfolio_snapshot TO moniqo_app;


--
-- Name: COLUMN portfolio_snapshot.flow; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(flow) ON TABLE public.portfolio_snapshot TO moniqo_app;


--
-- Name: COLUMN portfolio_snapshot.flows; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(flows) ON TABLE public.portfolio_snapshot TO moniqo_app;


--
-- Name: COLUMN portfolio_snapshot.adjustments; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(adjustments) ON TABLE public.portfolio_snapshot TO moniqo_app;


--
-- Name: COLUMN portfolio_snapshot.gross_exposure; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(gross_exposure) ON TABLE public.portfolio_snapshot TO moniqo_app;


--
-- Name: COLUMN portfolio_snapshot.net_exposure; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(net_exposure) ON TABLE public.portfolio_snapshot TO moniqo_app;


--
-- Name: COLUMN portfolio_snapshot.twr_index; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(twr_index) ON TABLE public.portfolio_snapshot TO moniqo_app;


--
-- Name: COLUMN portfolio_snapshot.is_stale; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(is_stale) ON TABLE public.portfolio_snapshot TO moniqo_app;


--
-- Name: COLUMN portfolio_snapshot.unpriced; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(unpriced) ON TABLE public.portfolio_snapshot TO moniqo_app;


--
-- Name: COLUMN portfolio_snapshot.corrected_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(corrected_at) ON TABLE public.portfolio_snapshot TO moniqo_app;


--
-- Name: COLUMN portfolio_snapshot.equity_before; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(equity_before) ON TABLE public.portfolio_snapshot TO moniqo_app;


--
-- Name: COLUMN portfolio_snapshot.funding; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(funding) ON TABLE public.portfolio_snapshot TO moniqo_app;


--
-- Name: SEQUENCE portfolio_snapshot_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.portfolio_snapshot_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.portfolio_snapshot_id_seq TO moniqo_system;


--
-- Name: TABLE portfolio_stay; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.portfolio_stay TO moniqo_app;
GRANT SELECT,INSERT ON TABLE public.portfolio_stay TO moniqo_system;


--
-- Name: SEQUENCE portfolio_stay_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.portfolio_stay_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.portfolio_stay_id_seq TO moniqo_system;


--
-- Name: TABLE trading_aistate; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.trading_aistate TO moniqo_app;
GRANT SELECT,INSERT ON TABLE public.trading_aistate TO moniqo_system;
GRANT SELECT,INSERT ON TABLE public.trading_aistate TO moniqo_adviser;


--
-- Name: SEQUENCE trading_aistate_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.trading_aistate_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.trading_aistate_id_seq TO moniqo_system;


--
-- Name: TABLE trading_amendment; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.trading_amendment TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.trading_amendment TO moniqo_system;


--
-- Name: COLUMN trading_amendment.result; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(result) ON TABLE public.trading_amendment TO moniqo_app;


--
-- Name: COLUMN trading_amendment.due_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(due_at) ON TABLE public.trading_amendment TO moniqo_app;


--
-- Name: COLUMN trading_amendment.closed_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(closed_at) ON TABLE public.trading_amendment TO moniqo_app;


--
-- Name: COLUMN trading_amendment.way; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(way) ON TABLE public.trading_amendment TO moniqo_app;


--
-- Name: COLUMN trading_amendment.attempts; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(attempts) ON TABLE public.trading_amendment TO moniqo_app;


--
-- Name: TABLE trading_cancellation; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.trading_cancellation TO moniqo_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.trading_cancellation TO moniqo_system;


--
-- Name: COLUMN trading_cancellation.attempts; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(attempts) ON TABLE public.trading_cancellation TO moniqo_app;


--
-- Name: COLUMN trading_cancellation.due_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(due_at) ON TABLE public.trading_cancellation TO moniqo_app;


--
-- Name: COLUMN trading_cancellation.closed_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(closed_at) ON TABLE public.trading_cancellation TO moniqo_app;


--
-- Name: TABLE trading_emergencystop; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.trading_emergencystop TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.trading_emergencystop TO moniqo_system;


--
-- Name: COLUMN trading_emergencystop.status; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(status) ON TABLE public.trading_emergencystop TO moniqo_app;


--
-- Name: COLUMN trading_emergencystop.result; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(result) ON TABLE public.trading_emergencystop TO moniqo_app;


--
-- Name: COLUMN trading_emergencystop.done_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(done_at) ON TABLE public.trading_emergencystop TO moniqo_app;


--
-- Name: TABLE trading_entrylock; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.trading_entrylock TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.trading_entrylock TO moniqo_system;


--
-- Name: SEQUENCE trading_entrylock_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.trading_entrylock_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.trading_entrylock_id_seq TO moniqo_system;


--
-- Name: TABLE trading_fill; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.trading_fill TO moniqo_app;
GRANT SELECT,INSERT ON TABLE public.trading_fill TO moniqo_system;


--
-- Name: SEQUENCE trading_fill_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.trading_fill_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.trading_fill_id_seq TO moniqo_system;


--
-- Name: TABLE trading_heldtotal; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.trading_heldtotal TO moniqo_app;
GRANT SELECT ON TABLE public.trading_heldtotal TO moniqo_system;


--
-- Name: SEQUENCE trading_heldtotal_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.trading_heldtotal_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.trading_heldtotal_id_seq TO moniqo_system;


--
-- Name: TABLE trading_masscancellation; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.trading_masscancellation TO moniqo_app;
GRANT SELECT,INSERT ON TABLE public.trading_masscancellation TO moniqo_system;


--
-- Name: TABLE trading_order; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,UPDATE ON TABLE public.trading_order TO moniqo_app;
GRANT SELECT,INSERT,UPDATE ON TABLE public.trading_order TO moniqo_system;


--
-- Name: TABLE trading_orderevent; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.trading_orderevent TO moniqo_app;
GRANT SELECT,INSERT ON TABLE public.trading_orderevent TO moniqo_system;


--
-- Name: SEQUENCE trading_orderevent_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.trading_orderevent_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.trading_orderevent_id_seq TO moniqo_system;


--
-- Name: TABLE trading_orderevent_rest; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.trading_orderevent_rest TO moniqo_system;


--
-- Name: TABLE trading_platformlimit; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.trading_platformlimit TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.trading_platformlimit TO moniqo_system;


--
-- Name: SEQUENCE trading_platformlimit_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.trading_platformlimit_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.trading_platformlimit_id_seq TO moniqo_system;


--
-- Name: TABLE trading_riskdecision; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.trading_riskdecision TO moniqo_app;
GRANT SELECT,INSERT ON TABLE public.trading_riskdecision TO moniqo_system;


--
-- Name: SEQUENCE trading_riskdecision_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.trading_riskdecision_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.trading_riskdecision_id_seq TO moniqo_system;


--
-- Name: TABLE trading_riskdecision_rest; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.trading_riskdecision_rest TO moniqo_system;


--
-- Name: TABLE trading_risklimit; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.trading_risklimit TO moniqo_app;
GRANT SELECT ON TABLE public.trading_risklimit TO moniqo_system;


--
-- Name: SEQUENCE trading_risklimit_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.trading_risklimit_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.trading_risklimit_id_seq TO moniqo_system;


--
-- Name: TABLE trading_tradeday; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.trading_tradeday TO moniqo_app;
GRANT SELECT ON TABLE public.trading_tradeday TO moniqo_system;


--
-- Name: SEQUENCE trading_tradeday_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.trading_tradeday_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.trading_tradeday_id_seq TO moniqo_system;


--
-- Name: TABLE trading_tradeslice; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.trading_tradeslice TO moniqo_app;
GRANT SELECT ON TABLE public.trading_tradeslice TO moniqo_system;


--
-- Name: SEQUENCE trading_tradeslice_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.trading_tradeslice_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.trading_tradeslice_id_seq TO moniqo_system;


--
-- Name: TABLE trading_tradetotal; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.trading_tradetotal TO moniqo_app;
GRANT SELECT ON TABLE public.trading_tradetotal TO moniqo_system;


--
-- Name: SEQUENCE trading_tradetotal_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.trading_tradetotal_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.trading_tradetotal_id_seq TO moniqo_system;


--
-- Name: TABLE users_recoverycode; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.users_recoverycode TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.users_recoverycode TO moniqo_system;


--
-- Name: SEQUENCE users_recoverycode_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.users_recoverycode_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.users_recoverycode_id_seq TO moniqo_system;


--
-- Name: TABLE users_secondfactor; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.users_secondfactor TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.users_secondfactor TO moniqo_system;


--
-- Name: SEQUENCE users_secondfactor_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.users_secondfactor_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.users_secondfactor_id_seq TO moniqo_system;


--
-- Name: TABLE users_token; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.users_token TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.users_token TO moniqo_system;


--
-- Name: COLUMN users_token.password_mark; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(password_mark) ON TABLE public.users_token TO moniqo_app;


--
-- Name: COLUMN users_token.last_used_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(last_used_at) ON TABLE public.users_token TO moniqo_app;


--
-- Name: COLUMN users_token.revoked_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(revoked_at) ON TABLE public.users_token TO moniqo_app;


--
-- Name: COLUMN users_token.asks_first; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(asks_first) ON TABLE public.users_token TO moniqo_app;


--
-- Name: TABLE users_user; Type: ACL; Schema: public; Owner: -
--

GRANT INSERT,UPDATE ON TABLE public.users_user TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.users_user TO moniqo_system;


--
-- Name: COLUMN users_user.last_login; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(last_login) ON TABLE public.users_user TO moniqo_app;


--
-- Name: COLUMN users_user.is_superuser; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(is_superuser) ON TABLE public.users_user TO moniqo_app;


--
-- Name: COLUMN users_user.id; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(id) ON TABLE public.users_user TO moniqo_app;


--
-- Name: COLUMN users_user.email; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(email) ON TABLE public.users_user TO moniqo_app;


--
-- Name: COLUMN users_user.name; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(name) ON TABLE public.users_user TO moniqo_app;


--
-- Name: COLUMN users_user.is_active; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(is_active) ON TABLE public.users_user TO moniqo_app;


--
-- Name: COLUMN users_user.is_staff; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(is_staff) ON TABLE public.users_user TO moniqo_app;


--
-- Name: COLUMN users_user.date_joined; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(date_joined) ON TABLE public.users_user TO moniqo_app;


--
-- Name: COLUMN users_user.base_currency; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(base_currency) ON TABLE public.users_user TO moniqo_app;


--
-- Name: COLUMN users_user.timezone; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(timezone) ON TABLE public.users_user TO moniqo_app;


--
-- Name: COLUMN users_user.number_format; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(number_format) ON TABLE public.users_user TO moniqo_app;


--
-- Name: COLUMN users_user.date_format; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(date_format) ON TABLE public.users_user TO moniqo_app;


--
-- Name: COLUMN users_user.theme; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(theme) ON TABLE public.users_user TO moniqo_app;


--
-- Name: COLUMN users_user.palette; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(palette) ON TABLE public.users_user TO moniqo_app;


--
-- Name: COLUMN users_user.privacy; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(privacy) ON TABLE public.users_user TO moniqo_app;


--
-- Name: COLUMN users_user.shortcuts; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT(shortcuts) ON TABLE public.users_user TO moniqo_app;


--
-- Name: TABLE users_user_groups; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.users_user_groups TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.users_user_groups TO moniqo_system;


--
-- Name: SEQUENCE users_user_groups_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.users_user_groups_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.users_user_groups_id_seq TO moniqo_system;


--
-- Name: TABLE users_user_user_permissions; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.users_user_user_permissions TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.users_user_user_permissions TO moniqo_system;


--
-- Name: SEQUENCE users_user_user_permissions_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.users_user_user_permissions_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.users_user_user_permissions_id_seq TO moniqo_system;


--
-- Name: TABLE wallets_connection; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallets_connection TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallets_connection TO moniqo_system;


--
-- Name: TABLE wallets_wallet; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallets_wallet TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallets_wallet TO moniqo_system;


--
-- Name: TABLE wallet_connections; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallet_connections TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallet_connections TO moniqo_system;


--
-- Name: TABLE wallets_platform; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallets_platform TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallets_platform TO moniqo_system;


--
-- Name: TABLE wallet_places; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallet_places TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallet_places TO moniqo_system;


--
-- Name: SEQUENCE wallets_account_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.wallets_account_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.wallets_account_id_seq TO moniqo_system;


--
-- Name: SEQUENCE wallets_allocationline_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.wallets_allocationline_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.wallets_allocationline_id_seq TO moniqo_system;


--
-- Name: TABLE wallets_credential; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallets_credential TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallets_credential TO moniqo_system;


--
-- Name: SEQUENCE wallets_credential_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.wallets_credential_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.wallets_credential_id_seq TO moniqo_system;


--
-- Name: TABLE wallets_credentialfield; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallets_credentialfield TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallets_credentialfield TO moniqo_system;


--
-- Name: SEQUENCE wallets_credentialfield_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.wallets_credentialfield_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.wallets_credentialfield_id_seq TO moniqo_system;


--
-- Name: TABLE wallets_demobalance; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallets_demobalance TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallets_demobalance TO moniqo_system;


--
-- Name: SEQUENCE wallets_demobalance_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.wallets_demobalance_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.wallets_demobalance_id_seq TO moniqo_system;


--
-- Name: TABLE wallets_demofunding; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.wallets_demofunding TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallets_demofunding TO moniqo_system;


--
-- Name: COLUMN wallets_demofunding.is_booked; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(is_booked) ON TABLE public.wallets_demofunding TO moniqo_app;


--
-- Name: SEQUENCE wallets_demofunding_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.wallets_demofunding_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.wallets_demofunding_id_seq TO moniqo_system;


--
-- Name: TABLE wallets_demoorder; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.wallets_demoorder TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallets_demoorder TO moniqo_system;


--
-- Name: COLUMN wallets_demoorder.status; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(status) ON TABLE public.wallets_demoorder TO moniqo_app;


--
-- Name: COLUMN wallets_demoorder.reason; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(reason) ON TABLE public.wallets_demoorder TO moniqo_app;


--
-- Name: COLUMN wallets_demoorder.seen_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(seen_at) ON TABLE public.wallets_demoorder TO moniqo_app;


--
-- Name: SEQUENCE wallets_demoorder_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.wallets_demoorder_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.wallets_demoorder_id_seq TO moniqo_system;


--
-- Name: TABLE wallets_demoposition; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallets_demoposition TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallets_demoposition TO moniqo_system;


--
-- Name: SEQUENCE wallets_demoposition_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.wallets_demoposition_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.wallets_demoposition_id_seq TO moniqo_system;


--
-- Name: TABLE wallets_demotrade; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.wallets_demotrade TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallets_demotrade TO moniqo_system;


--
-- Name: SEQUENCE wallets_demotrade_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.wallets_demotrade_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.wallets_demotrade_id_seq TO moniqo_system;


--
-- Name: TABLE wallets_entry; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.wallets_entry TO moniqo_app;
GRANT SELECT ON TABLE public.wallets_entry TO moniqo_system;


--
-- Name: TABLE wallets_hold; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT ON TABLE public.wallets_hold TO moniqo_app;
GRANT SELECT ON TABLE public.wallets_hold TO moniqo_system;


--
-- Name: TABLE wallets_ledgerproof; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.wallets_ledgerproof TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallets_ledgerproof TO moniqo_system;


--
-- Name: SEQUENCE wallets_ledgerproof_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.wallets_ledgerproof_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.wallets_ledgerproof_id_seq TO moniqo_system;


--
-- Name: SEQUENCE wallets_posting_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.wallets_posting_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.wallets_posting_id_seq TO moniqo_system;


--
-- Name: TABLE wallets_proofrun; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallets_proofrun TO moniqo_system;


--
-- Name: SEQUENCE wallets_proofrun_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.wallets_proofrun_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.wallets_proofrun_id_seq TO moniqo_system;


--
-- Name: TABLE wallets_reconciliation; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.wallets_reconciliation TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallets_reconciliation TO moniqo_system;


--
-- Name: SEQUENCE wallets_reconciliation_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.wallets_reconciliation_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.wallets_reconciliation_id_seq TO moniqo_system;


--
-- Name: TABLE wallets_rulerun; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.wallets_rulerun TO moniqo_app;
GRANT SELECT,INSERT ON TABLE public.wallets_rulerun TO moniqo_system;


--
-- Name: SEQUENCE wallets_rulerun_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.wallets_rulerun_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.wallets_rulerun_id_seq TO moniqo_system;


--
-- Name: TABLE wallets_syncrun; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.wallets_syncrun TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallets_syncrun TO moniqo_system;


--
-- Name: COLUMN wallets_syncrun.status; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(status) ON TABLE public.wallets_syncrun TO moniqo_app;


--
-- Name: COLUMN wallets_syncrun.progress; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(progress) ON TABLE public.wallets_syncrun TO moniqo_app;


--
-- Name: COLUMN wallets_syncrun.step; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(step) ON TABLE public.wallets_syncrun TO moniqo_app;


--
-- Name: COLUMN wallets_syncrun.error; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(error) ON TABLE public.wallets_syncrun TO moniqo_app;


--
-- Name: COLUMN wallets_syncrun.finished_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(finished_at) ON TABLE public.wallets_syncrun TO moniqo_app;


--
-- Name: COLUMN wallets_syncrun.seen_at; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(seen_at) ON TABLE public.wallets_syncrun TO moniqo_app;


--
-- Name: TABLE wallets_syncturn; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallets_syncturn TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallets_syncturn TO moniqo_system;


--
-- Name: SEQUENCE wallets_syncturn_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.wallets_syncturn_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.wallets_syncturn_id_seq TO moniqo_system;


--
-- Name: SEQUENCE wallets_transfer_number; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.wallets_transfer_number TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.wallets_transfer_number TO moniqo_system;


--
-- Name: TABLE wallets_venueincome; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.wallets_venueincome TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallets_venueincome TO moniqo_system;


--
-- Name: COLUMN wallets_venueincome.status; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(status) ON TABLE public.wallets_venueincome TO moniqo_app;


--
-- Name: COLUMN wallets_venueincome.posting_id; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(posting_id) ON TABLE public.wallets_venueincome TO moniqo_app;


--
-- Name: COLUMN wallets_venueincome.wallet_id; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(wallet_id) ON TABLE public.wallets_venueincome TO moniqo_app;


--
-- Name: SEQUENCE wallets_venueincome_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.wallets_venueincome_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.wallets_venueincome_id_seq TO moniqo_system;


--
-- Name: TABLE wallets_venuemovement; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT ON TABLE public.wallets_venuemovement TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallets_venuemovement TO moniqo_system;


--
-- Name: COLUMN wallets_venuemovement.status; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(status) ON TABLE public.wallets_venuemovement TO moniqo_app;


--
-- Name: COLUMN wallets_venuemovement.posting_id; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(posting_id) ON TABLE public.wallets_venuemovement TO moniqo_app;


--
-- Name: COLUMN wallets_venuemovement.wallet_id; Type: ACL; Schema: public; Owner: -
--

GRANT UPDATE(wallet_id) ON TABLE public.wallets_venuemovement TO moniqo_app;


--
-- Name: SEQUENCE wallets_venuemovement_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.wallets_venuemovement_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.wallets_venuemovement_id_seq TO moniqo_system;


--
-- Name: TABLE wallets_venueposition; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallets_venueposition TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallets_venueposition TO moniqo_system;


--
-- Name: SEQUENCE wallets_venueposition_id_seq; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,USAGE ON SEQUENCE public.wallets_venueposition_id_seq TO moniqo_app;
GRANT SELECT,USAGE ON SEQUENCE public.wallets_venueposition_id_seq TO moniqo_system;


--
-- Name: TABLE wallets_walletrule; Type: ACL; Schema: public; Owner: -
--

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallets_walletrule TO moniqo_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE public.wallets_walletrule TO moniqo_system;
