import AdminAPI
import Cloud
import HTTPTypes
import Hummingbird
import JSON
import NIOCore
import Names
import Registry
import ServiceSupport
import Text
import Versions

extension RouteTable {
    var serviceVersionRoutes: [Route] {
        [
            versionList.route(in: self),
            Route(
                method: .post, path: .missingBlobs, operation: "listMissingBlobs",
                summary: "Which contents ADMIN does not have; it keeps the others for now", access: .upload,
                body: Route.jsonBody(BlobQuestion.form),
                answers: [.result("The contents that are missing", MissingBlobs.form.schema)],
                problems: [.conflict, .insufficientStorage]
            ) { request in
                try Self.checkScope(request, type: nil)
                try await requireBuild(request)
                let digests = try await request.read(BlobQuestion.form) { question, _ in
                    question.digests.compactMap { ContentDigest($0) }
                }
                let missing = try await keptVersions().missing(digests).map(\.description)
                return Self.result(MissingBlobs(missing: missing, piece: Self.piece))
            },
            Route(
                method: .post, path: .collection, operation: "collectBlobs",
                summary: "Remove the contents that no version has needed for as long as is set", access: .admin,
                query: [.dryRun],
                answers: [.result("What was removed, or with dry_run would be", CollectionReport.form.schema)]
            ) { request in
                let collected = try await keptVersions().collect(dryRun: request.isDryRun)
                return Self.result(CollectionReport(blobs: collected.count, bytes: collected.bytes))
            },
            .get(
                .version("{version}", of: "{type}"), operation: "getServiceVersion", "A version of a type",
                access: .fetch, query: [.variant], answering: ServiceVersion.form, problems: [.unprocessableContent]
            ) { request in
                let version = try await keptVersions().version(try request.versionName())
                return try Self.answer(ServiceVersion(version), to: request)
            },
            Route(
                method: .put, path: .version("{version}", of: "{type}"), operation: "addServiceVersion",
                summary: "Add a version whose contents were uploaded, or signatures to one that is there",
                access: .upload, query: [.variant, .dryRun],
                body: Route.jsonBody(VersionCreation.form, atMost: Limits.version), answers: [.changed, .created],
                problems: [.insufficientStorage]
            ) { request in try await addVersion(request) },
            Route(
                method: .post, path: .signatures(of: "{version}", "{type}"), operation: "addSignature",
                summary: "Add a signature of a version's manifest; ADMIN does not judge it", access: .change,
                query: [.variant, .dryRun], body: Route.jsonBody(VersionSignature.form), answers: [.changed]
            ) { request in
                let name = try request.versionName()
                try Self.checkScope(request, type: name.type)
                let signatures = try await request.read(VersionSignature.form) { signature, _ in
                    ManifestSignatures([signature])
                }
                return try await report(request) { keeper in
                    try await keeper.sign(name, signatures, by: request.identity.name, dryRun: request.isDryRun)
                }
            },
            Route(
                method: .put, path: .mark(of: "{version}", "{type}"), operation: "markVersion",
                summary: "Say how good a version is", access: .change, query: [.variant, .dryRun], headers: [.ifMatch],
                body: Route.jsonBody(VersionMarkChange.form), answers: [.changed]
            ) { request in
                let name = try request.versionName()
                try Self.checkScope(request, type: name.type)
                let preconditions = Preconditions(request.headers)
                let mark = try await request.read(VersionMarkChange.form) { mark, _ in mark }
                return try await report(request) { keeper in
                    try await keeper.mark(name, mark, by: request.identity.name, dryRun: request.isDryRun) { version in
                        try preconditions.check([Self.tag(ServiceVersion(version))])
                    }
                }
            },
            Route(
                method: .delete, path: .version("{version}", of: "{type}"), operation: "removeServiceVersion",
                summary: "Remove a version that no service has", access: .change, query: [.variant, .dryRun],
                headers: [.ifMatch], answers: [.changed], problems: [.unprocessableContent]
            ) { request in
                let name = try request.versionName()
                try Self.checkScope(request, type: name.type)
                let preconditions = Preconditions(request.headers)
                return try await report(request) { keeper in
                    try await keeper.remove(name, by: request.identity.name, dryRun: request.isDryRun) { version in
                        try preconditions.check([Self.tag(ServiceVersion(version))])
                    }
                }
            },
            Route(
                method: .post, path: .verification(of: "{version}", "{type}"), operation: "verifyVersion",
                summary: "Read all contents of a version; one that was altered is removed, to be sent again",
                access: .read, query: [.variant],
                answers: [.result("What was found", VersionVerification.form.schema)],
                problems: [.conflict, .unprocessableContent]
            ) { request in
                let keeper = try keptVersions()
                let version = try await keeper.version(try request.versionName())
                let found = try await keeper.verify(version)
                return Self.result(
                    VersionVerification(
                        digest: version.digest.description, blobs: found.blobs, bytes: found.bytes,
                        faults: found.faults.map { .init(digest: $0.digest.description, detail: $0.detail) }))
            },
        ]
    }

    /// Bytes of a piece that a client sends at once, unless it knows better.
    private static let piece = 4 << 20

    /// The versions, if any are kept.
    func keptVersions() throws -> VersionKeeper {
        guard let versions else { throw APIProblem(.conflict, "This ADMIN keeps no versions.") }
        return versions
    }

    /// Throws a 403 unless the author may change versions of a type; of any type, if none is named.
    static func checkScope(_ request: APIRequest, type: String?) throws {
        let scope = request.identity.scope
        guard !scope.locations.isEmpty || !(type.map { scope.includes(type: $0) } ?? true) else { return }
        throw Authenticator.forbidden(
            "Token \(request.identity.name) may change \(scope) only: "
                + (scope.locations.isEmpty ? "not versions of \(type ?? "")." : "versions are at no location."))
    }

    private func addVersion(_ request: APIRequest) async throws -> Response {
        let name = try request.versionName()
        try Self.checkScope(request, type: name.type)
        try await requireBuild(request, of: name)
        let creation = try await request.read(VersionCreation.form) { creation, _ in creation }
        guard creation.signatures.isEmpty || request.identity.role != .server else {
            throw Authenticator.forbidden("A server that builds a version does not sign it.")
        }
        return try await report(request) { keeper in
            do {
                return try await keeper.add(
                    name, manifest: Array(creation.manifest.utf8), ManifestSignatures(creation.signatures),
                    by: request.identity.name, dryRun: request.isDryRun)
            } catch let error as ManifestError {
                throw APIProblem.invalid(
                    error.faults.map { .init(pointer: "#/manifest", detail: $0.description) })
            }
        }
    }

    /// Makes a change of a version, and answers with the report on it.
    private func report(
        _ request: APIRequest, _ body: (VersionKeeper) async throws -> VersionKeeper.Change
    ) async throws -> Response {
        let change: VersionKeeper.Change
        do {
            change = try await body(try keptVersions())
        } catch let error as ManifestError {
            throw APIProblem.invalid(error.faults.map { .init(pointer: "#", detail: $0.description) })
        }
        let changes = change.action.map { action in
            ChangeReport.Change(
                action: action, kind: .version, name: change.version.version.description, before: change.before,
                after: change.after)
        }
        var headers: HTTPFields = [:]
        if !request.isDryRun, change.action != .delete { headers[.eTag] = Self.tag(ServiceVersion(change.version)) }
        return Self.report(
            ChangeReport(changes: changes.map { [$0] } ?? [], export: []),
            status: change.action == .create && !request.isDryRun ? .created : .ok, headers: headers)
    }

    private var versionList: ResourceList<StoredVersion, ServiceVersion> {
        ResourceList(
            path: .versions, operation: "listServiceVersions", summary: "The versions of services",
            thing: .versions, name: { $0.version.description },
            filters: [
                .filter(QueryParameter.type, "Those of a type"), .filter(QueryParameter.name, "Those of a name"),
                .filter(QueryParameter.variant, "Those of a variant"),
                .filter(QueryParameter.mark, "Those that are marked so", ServiceVersion.Mark.self),
            ],
            orders: [
                .init(name: "name") { SortKey($0.version) },
                .init(name: "createdAt") { SortKey($0.createdAt, $0.version) },
            ],
            elements: { request in
                let mark = try request.choice(QueryParameter.mark, of: ServiceVersion.Mark.self)
                return try await keptVersions().versions().filter { version in
                    request.allows(QueryParameter.type, version.version.type)
                        && request.allows(QueryParameter.name, version.version.name)
                        && request.allows(QueryParameter.variant, version.version.variant)
                        && (mark.map { $0 == version.mark } ?? true)
                }
            }, resource: { ServiceVersion($0) })
    }
}

extension APIRequest {
    /// The version that the path and the query name; an invalid name is a fault of the request.
    func versionName() throws -> VersionName {
        let version = VersionName(
            type: parameter("type"), name: parameter("version"),
            variant: query[QueryParameter.variant] ?? BuildSection.mainVariant)
        let problems = [
            ("{type}", version.type, VersionName.problem(withType: version.type)),
            ("{version}", version.name, VersionName.problem(withName: version.name)),
            ("?\(QueryParameter.variant)", version.variant, VersionName.problem(withVariant: version.variant)),
        ]
        let faults = problems.compactMap { pointer, text, problem in
            problem.map { Problem.Fault(pointer: pointer, detail: "\(text.printed(atMost: 80)) \($0)") }
        }
        guard faults.isEmpty else { throw APIProblem.invalid(faults) }
        return version
    }

    /// The SHA-256 in the path.
    func digest() throws -> ContentDigest {
        guard let digest = ContentDigest(parameter("digest")) else {
            throw APIProblem.invalid([
                .init(pointer: "{digest}", detail: "a SHA-256, 64 lower-case hexadecimal digits, is expected")
            ])
        }
        return digest
    }
}

extension SortKey {
    /// Numbers within names count as numbers: 1.9.0 is before 1.10.0.
    init(_ version: VersionName) { self.init(.text(version.type), .text(version.orderedName), .text(version.variant)) }

    /// Versions with the same value, in the order of their names.
    init(_ value: String, _ version: VersionName) {
        self.init(.text(value), .text(version.type), .text(version.orderedName), .text(version.variant))
    }
}

extension VersionName {
    /// The name with zeros before its numbers, so that texts sort as names do; then the name itself, since names with
    /// and without such zeros are not the same.
    fileprivate var orderedName: String {
        var text = ""
        var digits = ""
        func flush() {
            let number = digits.utf8.drop { $0 == UInt8(ascii: "0") }
            if !digits.isEmpty {
                text += String(repeating: "0", count: max(0, Self.longest - number.count)) + String(Substring(number))
            }
            digits = ""
        }
        for character in name.unicodeScalars {
            if (0x30...0x39).contains(character.value) {
                digits.unicodeScalars.append(character)
            } else {
                flush()
                text.unicodeScalars.append(character)
            }
        }
        flush()
        return "\(text) \(name)"
    }
}

extension ServiceVersion {
    init(_ version: StoredVersion) {
        self.init(
            type: version.version.type, name: version.version.name, variant: version.version.variant,
            digest: version.digest.description, files: version.files, size: version.size,
            compressedSize: version.compressedSize, signedBy: version.signatures.signatures.map(\.keyID),
            mark: version.mark, reason: version.reason, createdAt: version.createdAt, createdBy: version.createdBy,
            markedAt: version.markedAt, markedBy: version.markedBy)
    }
}

extension ManifestSignatures {
    /// Signatures that their form has let through.
    init(_ signatures: [VersionSignature]) {
        let file = VersionSignatures(signatures: signatures).jsonBytes
        self = (try? ManifestSignatures(reading: Array(file))) ?? ManifestSignatures()
    }
}

extension Route.Parameter {
    static let variant = Self(
        name: QueryParameter.variant, summary: "The variant of the version",
        schema: [
            "type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,31}$", "default": .string(BuildSection.mainVariant),
        ])
}
