import ArgumentParser
import CommandLineSupport
import ServiceSupport

@main
struct PortcullisDatabase: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "portcullis-database",
        abstract: "Install the database of a version, and bring it to a newer one, patch by patch.",
        discussion: """
            A version has a schema, which makes a new database, and patches, which change one that exists: files \
            NUMBER_what_it_is_for.sql, applied in the order of their numbers, each in one transaction with its row of the \
            history (the table portcullis_patches; of PostgreSQL in the schema portcullis). So a patch is there as a whole \
            or not at all, whatever is killed. A file without a statement is refused.

              -- portcullis: includes 0042     first line of the schema: its newest patch,
                                               a file, or older than all files; 0 for none
              -- portcullis: no-transaction    first line of a patch of one statement like
                                               CREATE INDEX CONCURRENTLY IF NOT EXISTS

            The connection is in a file that nobody else may read (chmod 600), one line:

              postgresql://USER:PASSWORD@HOST/DATABASE
              host=HOST dbname=DATABASE user=USER password=PASSWORD
              sqlite:/var/lib/tgctl/tgctl.sqlite

            Begin with `check`: it changes nothing and says what to do.

            EXIT STATUS: 0 done, of `check`: the database has all patches; 3 of `check`: it lacks patches or is empty; \
            1 failed, or something has to be put right first; 64 wrong usage.

            See `portcullis-database help SUBCOMMAND` for each.
            """,
        version: ProgramVersion.text,
        subcommands: [Check.self, Install.self, Patch.self, Baseline.self, Accept.self, History.self])

    static func main() { Program.run(Self.self) }
}
