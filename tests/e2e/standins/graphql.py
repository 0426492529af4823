"""As much of GraphQL as a stand-in needs: it parses a request, holds it to a table of types, and projects the answer.

`Schema` is made from lines such as `Issue: id status notes:[IssueNote] entitySnapshot:Snapshot`; a field without a type
is a leaf. Arguments of root fields are given as types: `issuesV2(filterBy:IssueFilters,first:Int):IssueConnection`.
Inputs are checked member by member where their type is in the table, enums where their values are. Unknown fields,
arguments, variables and values are refused with the code that Wiz uses, as are declared variables nobody uses.
"""

import re

TOKEN = re.compile(r'\.\.\.|[!():=@\[\]{}|$&]|"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|[_A-Za-z]\w*')


class GraphQLError(Exception):
    def __init__(self, message, code="GRAPHQL_VALIDATION_FAILED", data=None):
        super().__init__(message)
        self.message, self.code, self.data = message, code, data


class Field:
    def __init__(self, name, alias, arguments, selection):
        self.name, self.alias, self.arguments, self.selection = name, alias, arguments, selection


class Variable(str):
    """A `$name` inside a document."""


class Parser:
    def __init__(self, text):
        text = re.sub(r"#[^\n]*", "", text)
        self.tokens = TOKEN.findall(text)
        if re.sub(r"[\s,]", "", text) != re.sub(r"[\s,]", "", "".join(self.tokens)):
            raise GraphQLError("Syntax Error: unexpected character", "GRAPHQL_PARSE_FAILED")
        self.at = 0

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self, wanted=None):
        token = self.peek()
        if token is None or wanted is not None and token != wanted:
            raise GraphQLError(f"Syntax Error: expected {wanted}, found {token}", "GRAPHQL_PARSE_FAILED")
        self.at += 1
        return token

    def type_reference(self):
        if self.peek() == "[":
            self.take()
            inner = "[" + self.type_reference() + self.take("]")
        else:
            inner = self.take()
        if self.peek() == "!":
            inner += self.take()
        return inner

    def value(self):
        token = self.take()
        if token == "$":
            return Variable(self.take())
        if token == "[":
            items = []
            while self.peek() != "]":
                items.append(self.value())
            self.take("]")
            return items
        if token == "{":
            members = {}
            while self.peek() != "}":
                name = self.take()
                self.take(":")
                members[name] = self.value()
            self.take("}")
            return members
        if token.startswith('"'):
            return token[1:-1]
        if re.fullmatch(r"-?\d+", token):
            return int(token)
        return {"true": True, "false": False, "null": None}.get(token, token)

    def selection(self):
        self.take("{")
        fields = []
        while self.peek() != "}":
            if self.peek() == "...":
                self.take()
                self.take("on")
                fields.append((self.take(), self.selection()))
                continue
            name, alias = self.take(), None
            if self.peek() == ":":
                self.take()
                name, alias = self.take(), name
            arguments = {}
            if self.peek() == "(":
                self.take()
                while self.peek() != ")":
                    argument = self.take()
                    self.take(":")
                    arguments[argument] = self.value()
                self.take(")")
            fields.append(Field(name, alias, arguments, self.selection() if self.peek() == "{" else None))
        self.take("}")
        return fields

    def operation(self):
        kind = self.take() if self.peek() in ("query", "mutation") else "query"
        if self.peek() not in ("(", "{"):
            self.take()
        variables = {}
        if self.peek() == "(":
            self.take()
            while self.peek() != ")":
                self.take("$")
                name = self.take()
                self.take(":")
                variables[name] = (self.type_reference(), None)
                if self.peek() == "=":
                    self.take()
                    variables[name] = (variables[name][0], self.value())
            self.take(")")
        selection = self.selection()
        if self.peek() is not None:
            raise GraphQLError(f"Syntax Error: unexpected {self.peek()}", "GRAPHQL_PARSE_FAILED")
        return kind, variables, selection


class Schema:
    def __init__(self, types, unions, inputs, enums):
        self.types = {}
        for line in types.strip().splitlines():
            name, _, fields = line.strip().partition(": ")
            found = re.findall(r"(\w+)(?:\(([^)]*)\))?(?::(\[?\w+\]?))?(?:\s|$)", fields)
            self.types[name] = {field: (kind.strip("[]"), self.arguments(given)) for field, given, kind in found}
        self.unions, self.inputs, self.enums = unions, inputs, enums

    @staticmethod
    def arguments(text):
        return dict(part.split(":") for part in text.split(",") if part)

    # Requests --------------------------------------------------------------------------------------------------------

    def read(self, query, given):
        """(mutation?, root field, its arguments with the variables put in)."""
        kind, declared, selection = Parser(query).operation()
        used = set()
        if len(selection) != 1 or not isinstance(selection[0], Field):
            raise GraphQLError("this stand-in answers one root field a request")
        root = selection[0]
        owner = "Mutation" if kind == "mutation" else "Query"
        self.check_selection(owner, selection, used)
        for name in used - set(declared):
            raise GraphQLError(f'Variable "${name}" is not defined.')
        for name in set(declared) - used:
            raise GraphQLError(f'Variable "${name}" is never used.')
        for name in set(given) - set(declared):
            raise GraphQLError(f'Variable "${name}" was given and is not declared.', "BAD_USER_INPUT")
        values = {}
        for name, (kind_of, default) in declared.items():
            values[name] = given.get(name, default)
            if kind_of.endswith("!") and values[name] is None:
                raise GraphQLError(f'Variable "${name}" of required type "{kind_of}" was not provided.',
                                   "BAD_USER_INPUT")
            self.check_input(kind_of, values[name], f"${name}")
        wanted = self.types[owner][root.name][1]
        for argument, value in root.arguments.items():
            if isinstance(value, Variable) and declared[value][0].rstrip("!") != wanted[argument].rstrip("!"):
                raise GraphQLError(f'Variable "${value}" of type "{declared[value][0]}" used in position expecting type '
                                   f'"{wanted[argument]}".')
        return root, {name: self.resolve(value, values) for name, value in root.arguments.items()}

    def resolve(self, value, variables):
        if isinstance(value, Variable):
            return variables[value]
        if isinstance(value, list):
            return [self.resolve(item, variables) for item in value]
        if isinstance(value, dict):
            return {name: self.resolve(item, variables) for name, item in value.items()}
        return value

    def check_selection(self, owner, selection, used):
        for field in selection:
            if isinstance(field, tuple):
                if field[0] not in self.unions.get(owner, ()):
                    raise GraphQLError(f'Fragment cannot be spread here as objects of type "{owner}" can never be of '
                                       f'type "{field[0]}".')
                self.check_selection(field[0], field[1], used)
                continue
            if field.name == "__typename":
                continue
            if field.name not in self.types.get(owner, {}):
                raise GraphQLError(f'Cannot query field "{field.name}" on type "{owner}".')
            kind, arguments = self.types[owner][field.name]
            for argument, value in field.arguments.items():
                if argument not in arguments:
                    raise GraphQLError(f'Unknown argument "{argument}" on field "{owner}.{field.name}".')
                used |= {value} if isinstance(value, Variable) else set()
            has_fields = kind in self.types or kind in self.unions
            if has_fields != (field.selection is not None):
                raise GraphQLError(f'Field "{field.name}" of type "{kind or "scalar"}" must '
                                   f'{"" if has_fields else "not "}have a selection of subfields.')
            if field.selection:
                self.check_selection(kind, field.selection, used)

    def check_input(self, kind, value, place):
        if value is None:
            return
        kind = kind.rstrip("!")
        if kind.startswith("["):
            for one in value if isinstance(value, list) else [value]:
                self.check_input(kind[1:-1], one, place)
            return
        if isinstance(value, list):
            raise GraphQLError(f'{place}: expected type "{kind}", found a list', "BAD_USER_INPUT")
        if kind in self.enums and value not in self.enums[kind]:
            raise GraphQLError(f'Value "{value}" does not exist in "{kind}" enum.', "BAD_USER_INPUT")
        if kind in ("Int", "String", "ID", "Boolean"):
            fits = {"Int": int, "String": str, "ID": str, "Boolean": bool}[kind]
            if not isinstance(value, fits) or kind == "Int" and isinstance(value, bool):
                raise GraphQLError(f'{kind} cannot represent value: {value!r} ({place})', "BAD_USER_INPUT")
        if kind not in self.inputs:
            return
        if not isinstance(value, dict):
            raise GraphQLError(f'Expected type "{kind}" to be an object ({place}).', "BAD_USER_INPUT")
        for name, member in value.items():
            if name not in self.inputs[kind]:
                raise GraphQLError(f'Field "{name}" is not defined by type "{kind}".', "BAD_USER_INPUT")
            self.check_input(self.inputs[kind][name], member, f"{place}.{name}")
        for name, member_kind in self.inputs[kind].items():
            if member_kind.endswith("!") and value.get(name) is None:
                raise GraphQLError(f'Field "{name}" of required type "{member_kind}" was not provided.',
                                   "BAD_USER_INPUT")

    # Answers ---------------------------------------------------------------------------------------------------------

    def project(self, value, selection):
        """`value` with the selected fields only; fields that it lacks are null, as nullable ones are."""
        if value is None or selection is None:
            return value
        if isinstance(value, list):
            return [self.project(item, selection) for item in value]
        answer = {}
        for field in selection:
            if isinstance(field, tuple):
                if field[0] == value.get("__typename") or field[0].endswith("Base"):
                    answer.update(self.project(value, field[1]))
                continue
            answer[field.alias or field.name] = self.project(value.get(field.name), field.selection)
        return answer
