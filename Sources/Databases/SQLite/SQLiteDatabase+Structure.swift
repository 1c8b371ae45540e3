package import DatabasePatches
import Text

extension SQLiteDatabase {
    package func structure() throws(DatabaseError) -> DatabaseStructure {
        var structure = DatabaseStructure()
        do throws(SQLiteError) {
            for query in Self.parts {
                for row in try connection.query(query) {
                    structure.add(row[0] ?? "", row[1] ?? "", Self.withoutSpaces(row[2] ?? ""))
                }
            }
        } catch {
            throw error.error("reading the structure")
        }
        return structure
    }

    /// A definition as somebody wrote it, with single spaces.
    private static func withoutSpaces(_ text: String) -> String {
        text.utf8.split { $0 <= 0x20 }.map { String(Substring($0)) }.joined(separator: " ")
    }

    private static let tables = """
        WITH t AS (SELECT name, sql FROM sqlite_schema
            WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' 
                AND name NOT IN ('portcullis_patches', 'portcullis_accepted'))

        """

    /// What a part is, its name and its definition. The texts of tables are not compared: a column that a patch has added
    /// stands elsewhere in them.
    private static let parts = [
        tables + """
            SELECT 'table', t.name, CASE WHEN l.wr THEN 'without rowid ' ELSE '' END || CASE WHEN l.strict THEN 'strict' ELSE '' END
            FROM t JOIN pragma_table_list(t.name) l WHERE l.schema = 'main'
            """,
        tables + """
            SELECT 'column', t.name || '.' || c.name, c.type || CASE WHEN c."notnull" THEN ' not null' ELSE '' END
                || coalesce(' default ' || c.dflt_value, '') || CASE WHEN c.pk THEN ' primary key ' || c.pk ELSE '' END
                || CASE WHEN c.hidden > 1 THEN ' generated' ELSE '' END
            FROM t JOIN pragma_table_xinfo(t.name) c
            """,
        tables + """
            SELECT 'constraint', t.name || '.' || f."from", 'references ' || f."table" || coalesce('.' || f."to", '')
                || ' on update ' || f.on_update || ' on delete ' || f.on_delete
            FROM t JOIN pragma_foreign_key_list(t.name) f ORDER BY f."from", f."table"
            """,
        tables + """
            SELECT 'index', t.name || '.' || CASE i.origin WHEN 'c' THEN i.name ELSE i.origin END,
                CASE WHEN i."unique" THEN 'unique ' ELSE '' END || (SELECT group_concat(coalesce(x.name, 'an expression')
                    || CASE WHEN x."desc" THEN ' desc' ELSE '' END, ', ')
                    FROM pragma_index_xinfo(i.name) x WHERE x.key)
                || coalesce((SELECT ' ' || substr(sql, instr(sql, '(')) FROM sqlite_schema s
                    WHERE s.type = 'index' AND s.name = i.name), '')
            FROM t JOIN pragma_index_list(t.name) i ORDER BY 3
            """,
        "SELECT type, tbl_name || '.' || name, sql FROM sqlite_schema WHERE type = 'trigger'",
        "SELECT type, name, sql FROM sqlite_schema WHERE type = 'view'",
    ]
}
