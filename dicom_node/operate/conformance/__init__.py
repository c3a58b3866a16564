"""The conformance statement's tables, made from the lists that the node itself works by.

`network` and `contents` give each table's rows; `document` puts them into the statement.
"""
