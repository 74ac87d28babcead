/* A struct str for static tables, where STR, a compound literal, is no constant to the
 * compiler. */
#pragma once

#define CONSTANT_STR(literal)                  \
	{                                      \
		(literal), sizeof(literal) - 1 \
	}
