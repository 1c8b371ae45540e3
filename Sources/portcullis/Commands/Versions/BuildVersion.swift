import ArgumentParser
import Cloud
import CommandLineSupport
import Text
import Versions
import YAML

struct BuildVersion: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Build a version of a type, and add it to a store.",
        discussion: """
            Runs the command of `build` in the type's meta-configuration, takes the files that `install.files` names, \
            and writes the manifest. What the command prints goes to standard error. Its environment has PATH, HOME and \
            TMPDIR of this one, LANG=C.UTF-8, PORTCULLIS_TYPE, PORTCULLIS_VERSION, PORTCULLIS_VARIANT, and what `build` \
            says; nothing else.

            Building again what is there already changes nothing. The same name with other files is refused.
            """)

    @Argument(help: TypeArgument.help, completion: .names(.types), transform: TypeArgument.read)
    var type: String

    @Option(help: ArgumentHelp("What the version is to be called, as 1.5.0.", valueName: "version"))
    var name: String

    @Option(help: ArgumentHelp("Which of the variants in `build` is built.", valueName: "variant"))
    var variant = BuildSection.mainVariant

    @Option(
        help: ArgumentHelp("The source directory, in which the command runs.", valueName: "directory"),
        completion: .directory)
    var from = "."

    @Option(
        help: ArgumentHelp(
            "The type's file, or a directory that has it. (default: the source directory)", valueName: "path"),
        completion: .file(extensions: ["yaml", "yml"]))
    var types: String?

    @Flag(help: "Take the files as they are, and do not run the command.")
    var noCommand = false

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let problem = VersionName.problem(withName: name) {
            throw ValidationError("--name: \(name.printed()) \(problem)")
        }
        if let problem = VersionName.problem(withVariant: variant) {
            throw ValidationError("--variant: \(variant.printed()) \(problem)")
        }
        guard !from.isEmpty, types != "" else { throw ValidationError("a path is not empty") }
    }

    func run() async throws {
        let version = VersionName(type: type, name: name, variant: variant)
        let configuration = try TypeOfVersion.find(type, in: types ?? from)
        let settings = try settings(of: configuration)
        let patterns = configuration.install?.files ?? []
        guard !patterns.isEmpty || configuration.run != nil else {
            throw CommandError(
                "the type \(type) has neither install.files nor run: a version of it would have nothing",
                hint: "install.files says which files of the build belong to a version (docs/versions.md).")
        }
        let store = try store.open(making: true)
        let session = try StoreSession(store.blobs)
        defer { session.end() }
        if !noCommand, !settings.command.isEmpty {
            try BuildProcess(settings, version).run(in: from)
        }
        let directory = settings.directory.isExactly(".") ? from : "\(from)/\(settings.directory)"
        let build = try BuildDirectory(directory)
        let selection = try build.select(patterns)
        let files = try build.add(selection, session)
        let manifest = Manifest(version, of: configuration, files: files, links: selection.links)
        let added: (digest: ContentDigest, isNew: Bool)
        do {
            added = try store.add(manifest, session)
        } catch let error as ManifestError {
            throw CommandError("no version can be made of these files:\n\(error)")
        }
        let text = VersionText.summary(manifest, added.digest)
        let signatures = try store.signatures(added.digest)
        try output.show(
            json: VersionText.json(manifest, added.digest, signatures: signatures),
            asText: added.isNew ? text : "\(text)\nit was in the store already, with the same content")
    }

    private func settings(of configuration: MetaConfiguration) throws -> BuildSection.Settings {
        guard let build = configuration.build else {
            guard variant.isExactly(BuildSection.mainVariant) else {
                throw CommandError("the type \(type) has no `build`, so there is no variant \(variant)")
            }
            return BuildSection.Settings()
        }
        guard let settings = build.settings(for: variant) else {
            let names = [BuildSection.mainVariant] + build.variants.map(\.name)
            throw CommandError(
                "the type \(type) has no variant \(variant)", hint: "It has \(names.joined(separator: ", ")).")
        }
        return settings
    }
}

/// Finds the meta-configuration of the type that is built.
enum TypeOfVersion {
    /// - Parameter path: a file, or a directory with type files.
    static func find(_ type: String, in path: String) throws -> MetaConfiguration {
        guard let folder = YAMLFolder(path, list: LocalFile.names) else { return try find(type, inFiles: [path]) }
        // By convention the file has the type's name; only otherwise are all looked at.
        let named = folder.files.filter { file in
            ["yaml", "yml"].contains { file.isExactly("\(folder.path)\(type).\($0)") }
        }
        guard !folder.files.isEmpty else {
            throw CommandError(
                "there is no type file (*.yaml, *.yml) in \(folder.path.printable)",
                hint: "--types names the type's file, or the directory that has it.")
        }
        return try find(type, inFiles: named.isEmpty ? folder.files : named)
    }

    private static func find(_ type: String, inFiles files: [String]) throws -> MetaConfiguration {
        for file in files {
            let text = try LocalFile.text(file)
            // Of several files those of other types need not be right.
            if files.count > 1, (try? TypeFile(parsing: text, path: file))?.type.isExactly(type) != true { continue }
            let configurations: [MetaConfiguration]
            do throws(YAMLErrors) {
                configurations = try MetaConfiguration.load(text, file: file)
            } catch {
                throw CommandError("\(error)")
            }
            if let found = configurations.first(where: { $0.type.isExactly(type) }) { return found }
        }
        throw CommandError(
            "\(files.count == 1 ? files[0].printable : "none of \(files.count) files") has no type \(type)",
            hint: "--types names the type's file, or the directory that has it.")
    }
}
