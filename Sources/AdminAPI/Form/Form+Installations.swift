import JSON
package import Names
package import Text

extension Form where Value == VersionReference {
    /// A version, by its name or its manifest.
    package static let version = Form(
        schema: [
            "type": "string",
            "pattern":
                "^(sha256:[0-9a-f]{64}|[0-9A-Za-z][0-9A-Za-z._+-]{0,63}(/[0-9a-z][0-9a-z-]{0,31})?)$",
            "description": "NAME, NAME/VARIANT, or sha256: with the digits of a manifest",
        ],
        read: { field in
            guard let text = field.string() else { return nil }
            guard let version = VersionReference(text) else {
                field.fault(VersionReference.rule)
                return nil
            }
            return version
        }, write: { .string("\($0)") })
}

extension Form where Value == [ExactText: String] {
    /// The drives of a server: paths by name.
    package static let drives: Form<[ExactText: String]> = {
        let path = Form<String>(
            schema: [
                "type": "string", "maxLength": .integer(DrivePath.longest), "pattern": .string(DrivePath.pattern),
            ],
            read: { field in
                guard let text = field.string() else { return nil }
                guard !field.isStrict || DrivePath.isValid(text) else {
                    field.fault(DrivePath.rule)
                    return nil
                }
                return text
            }, write: { .string($0) })
        let all = dictionary(of: path, atMost: Limits.serverDrives)
        return Form(
            schema: [
                "type": "object", "maxProperties": .integer(Limits.serverDrives),
                "additionalProperties": path.schema,
                "propertyNames": ["pattern": .string(ObjectName.pattern(.drive))],
            ], read: all.read, write: all.write
        ).checking { drives in
            drives.keys.sorted().lazy.compactMap { name in
                ObjectName.problem(with: name.wrappedValue, as: .drive).map { "the name of a drive \($0)" }
            }.first
        }
    }()
}
