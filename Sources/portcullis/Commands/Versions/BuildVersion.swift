import ArgumentParser
import Cloud
import CommandLineSupport
import Text
import VersionTransfer
import Versions

struct BuildVersion: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Build a version of a type, and add it to a store, or have a server build it.",
        discussion: """
            Runs the command of `build` in the type's meta-configuration, takes the files that `install.files` names, \
            and writes the manifest. What the command prints goes to standard error. Its environment has PATH, HOME and \
            TMPDIR of this one, LANG=C.UTF-8, PORTCULLIS_TYPE, PORTCULLIS_VERSION, PORTCULLIS_VARIANT, and what `build` \
            says; nothing else.

            Building again what is there already changes nothing. The same name with other files is refused.

            With --on a server with the label builder does it, by the command that its node.yaml has for the type, and \
            sends ADMIN the version, which nobody has signed then. Its output is shown as it comes.
            """)

    @Argument(help: TypeArgument.help, completion: .names(.types), transform: TypeArgument.read)
    var type: String

    @Option(help: ArgumentHelp("What the version is to be called, as 1.5.0.", valueName: "version"))
    var name: String

    @Option(help: ArgumentHelp("Which of the variants in `build` is built.", valueName: "variant"))
    var variant = BuildSection.mainVariant

    @Option(
        help: ArgumentHelp("The directory that gets the version; needed without --on.", valueName: "directory"),
        completion: .directory)
    var store: String?

    @Option(
        help: ArgumentHelp(
            "The source directory, in which the command runs. (default: the current directory)", valueName: "directory"),
        completion: .directory)
    var from: String?

    @Option(
        help: ArgumentHelp(
            "The type's file, or a directory that has it. (default: the source directory)", valueName: "path"),
        completion: .file(extensions: ["yaml", "yml"]))
    var types: String?

    @Flag(help: "Take the files as they are, and do not run the command.")
    var noCommand = false

    @Flag(help: "Send the version to ADMIN then, as `versions push` does.")
    var push = false

    @Option(
        help: ArgumentHelp(
            "Have this server build it; any: one that builds the type and is in touch.", valueName: "server"),
        completion: .names(.servers))
    var on: String?

    @OptionGroup var job: JobOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if let problem = VersionName.problem(withName: name) {
            throw ValidationError("--name: \(name.printed()) \(problem)")
        }
        if let problem = VersionName.problem(withVariant: variant) {
            throw ValidationError("--variant: \(variant.printed()) \(problem)")
        }
        guard from != "", types != "", store != "", on != "" else {
            throw ValidationError("a path or name is not empty")
        }
        guard on == nil else {
            guard store == nil, from == nil, types == nil, !noCommand, !push else {
                throw ValidationError(
                    "--store, --from, --types, --no-command and --push are for a build here, not for one with --on")
            }
            return
        }
        guard store != nil else {
            throw ValidationError("--store names the directory that gets the version, or --on who builds it")
        }
        guard job.text == nil, !job.noWait else { throw ValidationError("--for and --no-wait need --on") }
    }

    func run() async throws {
        let version = VersionName(type: type, name: name, variant: variant)
        if let store {
            try await build(version, in: try VersionStore(opening: store, making: true))
        } else {
            try await connection.withClient { client in
                try await BuilderRun(client: client, job: job, output: output)
                    .run(version, on: on.flatMap { $0.isExactly("any") ? nil : $0 })
            }
        }
    }

    private func build(_ version: VersionName, in store: VersionStore) async throws {
        let from = from ?? "."
        let configuration = try TypeOfVersion.find(type, in: types ?? from)
        let settings = try settings(of: configuration)
        let build: VersionBuild
        do throws(EmptyVersionError) {
            build = try VersionBuild(version, of: configuration)
        } catch {
            throw CommandError(
                "\(error)", hint: "install.files says which files of the build belong to a version (docs/versions.md).")
        }
        let session = try StoreSession(store.blobs)
        defer { session.end() }
        if !noCommand, !settings.command.isEmpty { try BuildProcess(settings, version).run(in: from) }
        let directory = settings.directory.isExactly(".") ? from : "\(from)/\(settings.directory)"
        let built: VersionBuild.Result
        do {
            built = try build.add(try BuildDirectory(directory), to: store, session)
        } catch let error as ManifestError {
            throw CommandError("no version can be made of these files:\n\(error)")
        }
        let text = VersionText.summary(built.manifest, built.digest)
        let signatures = try store.signatures(built.digest)
        try output.show(
            json: VersionText.json(built.manifest, built.digest, signatures: signatures),
            asText: built.isNew ? text : "\(text)\nit was in the store already, with the same content")
        session.end()
        guard push else { return }
        try await connection.withClient { client in
            let result = try await client.push(built.digest, of: store, isDryRun: false)
            StandardError.write(result.text(isDryRun: false))
        }
    }

    private func settings(of configuration: MetaConfiguration) throws -> BuildSection.Settings {
        guard let build = configuration.build else {
            guard variant.isExactly(BuildSection.mainVariant) else {
                throw CommandError("the type \(type) has no `build`, so there is no variant \(variant)")
            }
            return BuildSection.Settings()
        }
        do throws(UnknownVariantError) {
            return try build.required(variant, of: type)
        } catch {
            throw CommandError("\(error)", hint: error.hint)
        }
    }
}
