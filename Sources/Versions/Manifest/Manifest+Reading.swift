import Cloud
import JSON
import Names
import Text

extension Manifest {
    /// Reads a manifest strictly. Nothing in it is taken on trust: it may come from anybody.
    ///
    /// - Throws: all faults, up to 100.
    package init(reading bytes: [UInt8]) throws(ManifestError) {
        guard bytes.count <= Self.largest else {
            throw ManifestError([
                .init(place: "", detail: "a manifest has at most \(Self.largest) bytes, and this has \(bytes.count)")
            ])
        }
        let json: JSONValue
        do throws(JSONError) {
            json = try JSONParser.parse(bytes)
        } catch {
            throw ManifestError([.init(place: "line \(error.line), column \(error.column)", detail: error.message)])
        }
        var reader = ManifestReader()
        let manifest = reader.manifest(json)
        try reader.faults.finish()
        guard let manifest else { throw ManifestError([.init(place: "", detail: "this is no manifest")]) }
        self = manifest
    }
}

/// Makes a manifest of JSON, and collects all faults.
struct ManifestReader {
    var faults = ManifestFaults()

    private static let names = [
        "format", "type", "name", "variant", "user", "run", "listen", "tests", "actions", "install", "uninstall",
        "database", "limits", "files", "links",
    ]

    mutating func manifest(_ json: JSONValue) -> Manifest? {
        guard case .object = json else {
            faults.report("", "a manifest is a JSON object, and this is \(json.kind)")
            return nil
        }
        // A newer format may have members that are not known here, so its number is looked at first.
        guard let format = json["format"] else {
            faults.report("", "\"format\" is missing: this is no manifest of a version")
            return nil
        }
        let newest = Manifest.newestFormat
        guard case .integer(let number) = format, (1...newest).contains(number) else {
            if case .integer(let number) = format, number > newest {
                faults.report(
                    "/format",
                    "this manifest has format \(number), and format \(newest) is the newest that is known here: "
                        + "upgrade this program")
            } else {
                faults.report("/format", "must be 1 to \(newest), and is \(format)")
            }
            return nil
        }
        faults.format = number
        guard let object = ManifestField.root(json).object(Self.names, &faults) else { return nil }
        let type = object.required("type", &faults)?.string(&faults, VersionName.problem(withType:))
        let name = object.required("name", &faults)?.string(&faults, VersionName.problem(withName:))
        let variant = object.required("variant", &faults)?.string(&faults, VersionName.problem(withVariant:))
        let files = object.required("files", &faults).map { self.files($0) }
        guard let type, let name, let variant, let files else { return nil }
        var manifest = Manifest(version: VersionName(type: type, name: name, variant: variant), files: files)
        manifest.links = object.optional("links").map { links($0) } ?? []
        var tree = ManifestTree()
        tree.add(manifest, &faults)
        // What follows is compared with the files: while these are at fault, nothing can be said of it.
        let isTreeKnown = faults.faults.isEmpty
        manifest.user = object.optional("user")?.string(&faults, UserName.problem)
        manifest.run = object.optional("run").flatMap { run($0) }
        manifest.listen = object.optional("listen").map { listen($0, workers: manifest.run?.workers ?? 0) } ?? []
        manifest.isListenOpened = number > 1 || manifest.listen.isEmpty
        manifest.tests = object.optional("tests").map { tests($0) } ?? []
        manifest.actions = object.optional("actions").map { actions($0) } ?? []
        manifest.directories = object.optional("install").map { directories($0) } ?? []
        manifest.removedDirectories = object.optional("uninstall").map { removedDirectories($0) } ?? []
        manifest.database = object.optional("database").flatMap { database($0) }
        manifest.limits = object.optional("limits").flatMap { limits($0) }
        if isTreeKnown { tree.check(manifest, &faults) }
        return manifest
    }

    private mutating func files(_ field: ManifestField) -> [Manifest.File] {
        let names = ["path", "mode", "size", "sha256", "compressed-size", "compressed-sha256"]
        return field.array(atMost: Manifest.mostFiles, &faults).compactMap { field in
            guard !faults.isFull, let object = field.object(names, &faults) else { return nil }
            let path = object.required("path", &faults)?.string(&faults, VersionPath.problem(with:))
            let mode = object.required("mode", &faults)?.value(
                "mode of a file: four octal digits with bits of 0755 alone, of which 0400 is one", &faults
            ) { FileMode($0) }
            let size = object.required("size", &faults)?.integer(in: 0...Blob.largest, &faults)
            let digest = object.required("sha256", &faults)?.digest(&faults)
            let compressed = object.required("compressed-size", &faults)?.integer(
                in: 1...Blob.largestCompressed(size ?? Blob.largest), &faults)
            let compressedDigest = object.required("compressed-sha256", &faults)?.digest(&faults)
            guard let path, let mode, let size, let digest, let compressed, let compressedDigest else { return nil }
            return Manifest.File(
                path: path, mode: mode,
                blob: Blob(
                    digest: digest, size: size, compressedSize: compressed, compressedDigest: compressedDigest))
        }
    }

    private mutating func links(_ field: ManifestField) -> [Manifest.Link] {
        field.array(atMost: Manifest.mostFiles, &faults).compactMap { field in
            guard !faults.isFull, let object = field.object(["path", "target"], &faults) else { return nil }
            let path = object.required("path", &faults)?.string(&faults, VersionPath.problem(with:))
            let target = object.required("target", &faults)?.string(&faults, ManifestTree.problem(withTarget:))
            guard let path, let target else { return nil }
            return Manifest.Link(path: path, target: target)
        }
    }
}

extension ManifestField {
    static func root(_ value: JSONValue) -> ManifestRoot { ManifestRoot(value: value) }

    func digest(_ faults: inout ManifestFaults) -> ContentDigest? {
        value("SHA-256: 64 lower-case hexadecimal digits", &faults) { ContentDigest($0) }
    }
}

/// The whole of a manifest, whose pointer is empty.
struct ManifestRoot {
    let value: JSONValue

    func object(_ names: [String], _ faults: inout ManifestFaults) -> ManifestObject? {
        guard case .object(let members) = value else { return nil }
        for member in members where !names.contains(where: { $0.isExactly(member.name) }) {
            ManifestField(member.value, "", member.name).fault("is not known in format \(faults.format)", &faults)
        }
        return ManifestObject(members: members, place: "")
    }
}
