#pragma once
#include <libpq-fe.h>

// What Swift does not import: constants that are macros of characters.
static const int cpq_severity = PG_DIAG_SEVERITY_NONLOCALIZED;
static const int cpq_state = PG_DIAG_SQLSTATE;
static const int cpq_message = PG_DIAG_MESSAGE_PRIMARY;
static const int cpq_detail = PG_DIAG_MESSAGE_DETAIL;
static const int cpq_hint = PG_DIAG_MESSAGE_HINT;
static const int cpq_position = PG_DIAG_STATEMENT_POSITION;
static const int cpq_context = PG_DIAG_CONTEXT;
